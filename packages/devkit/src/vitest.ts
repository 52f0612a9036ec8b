import { defineConfig } from "vitest/config";
import { summary } from "./summary.ts";

// Both lists are needed: Vite resolves what tests import by `ssr.resolve`, everything else by `resolve`. They are told to
// Node as well, so "import" must not be among them: it would then hold for every `require` too.
const conditions = ["@mofa/source", "module", "node"];

/** The settings of a package's tests: they run on the sources of all packages, nothing has to be built. */
export function tests() {
  return defineConfig({
    resolve: { conditions },
    ssr: { resolve: { conditions, externalConditions: conditions } },
    test: {
      include: ["src/**/*.test.ts", "test/**/*.test.ts"],
      passWithNoTests: true,
      pool: "forks",
      execArgv: ["--no-node-snapshot"],
      reporters: ["default", summary(".summary/test.json")],
    },
  });
}
