export * from "@mofa/agents";
