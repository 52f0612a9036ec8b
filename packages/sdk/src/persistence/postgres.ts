export * from "@mofa/persistence/postgres";
