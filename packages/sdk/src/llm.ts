export * from "@mofa/plugins-llm";
