export * from "@mofa/persistence/sqlite";
