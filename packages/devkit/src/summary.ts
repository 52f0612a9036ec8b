import { mkdirSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { Reporter, TestModule } from "vitest/node";

/** What a package's tests came to. */
interface Summary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** What was skipped for want of something: suites named `title (skipped: reason)`. */
  readonly missing: readonly string[];
}

/**
 * Writes the counts of a test run to a file, for the closing line of the whole run.
 * A file that does not load and an error outside of any test count as one failure each.
 */
export function summary(file: string): Reporter {
  return {
    onTestRunEnd(modules, errors) {
      const counts = modules.map(count);
      const total = {
        passed: sum(counts, "passed"),
        failed: sum(counts, "failed") + errors.length,
        skipped: sum(counts, "skipped"),
        missing: counts.flatMap((one) => one.missing),
      };
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, `${JSON.stringify(total)}\n`);
    },
  };
}

function count(module: TestModule): Summary {
  const states = [...module.children.allTests()].map((test) => test.result().state);
  const failed = states.filter((state) => state === "failed").length;
  return {
    passed: states.filter((state) => state === "passed").length,
    failed: failed === 0 && !module.ok() ? 1 : failed,
    skipped: states.filter((state) => state === "skipped").length,
    missing: [...module.children.allSuites()].map((suite) => suite.name).filter((name) => name.includes("(skipped: ")),
  };
}

function sum(counts: readonly Summary[], key: "passed" | "failed" | "skipped"): number {
  return counts.reduce((total, each) => total + each[key], 0);
}
