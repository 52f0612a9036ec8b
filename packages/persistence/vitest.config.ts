import { tests } from "@mofa/devkit/vitest";

const config = tests();
// Mostly they wait for a disk or a server, and on a busy machine for long.
config.test = { ...config.test, maxWorkers: 2, testTimeout: 30_000, hookTimeout: 30_000 };

export default config;
