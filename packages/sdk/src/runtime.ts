export * from "@mofa/runtime";
