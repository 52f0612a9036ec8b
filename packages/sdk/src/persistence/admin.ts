export * from "@mofa/persistence/admin";
