export * from "@mofa/persistence/mysql";
