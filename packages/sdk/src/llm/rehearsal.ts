export * from "@mofa/plugins-llm/rehearsal";
