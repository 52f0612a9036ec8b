import { tests } from "@mofa/devkit/vitest";
import { mergeConfig } from "vitest/config";

// Processes are started and killed here, which takes its time on a busy machine.
export default mergeConfig(tests(), { test: { testTimeout: 30_000 } });
