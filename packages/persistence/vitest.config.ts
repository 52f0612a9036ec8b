import { tests } from "@mofa/devkit/vitest";

// The conditions below are told to Node too, and "import" would hold for every `require`: the driver pg would be given
// the wrong half of pg-pool.
const conditions = ["@mofa/source", "module", "node"];

const config = tests();
config.resolve = { conditions };
config.ssr = { resolve: { conditions, externalConditions: conditions } };
// Mostly they wait for a disk or a server, and on a busy machine for long.
config.test = { ...config.test, maxWorkers: 2, testTimeout: 30_000, hookTimeout: 30_000 };

export default config;
