export * from "@mofa/workflow";
