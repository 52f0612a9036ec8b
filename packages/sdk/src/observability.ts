export * from "@mofa/observability";
