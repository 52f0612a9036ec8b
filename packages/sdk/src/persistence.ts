export * from "@mofa/persistence";
