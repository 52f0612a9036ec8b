export * from "@mofa/script";
