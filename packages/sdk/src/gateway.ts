export * from "@mofa/gateway";
