// `npm test`: sets everything up, runs every check and every test, and closes with one line of counts.
import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { command, root, SetupError, setUp, stage, turbo, workspaces } from "./setup.js";

const first = ["lint", "layers", "unused", "types"];
const last = ["api"];
const success = { passed: 1, failed: 0, skipped: 0 };
const failure = { passed: 0, failed: 1, skipped: 0 };

await command(async () => {
  const outcomes = [];
  try {
    const { env } = await setUp();
    forget();
    outcomes.push(...(await checks(env)), await builds(env), ...(await tests(env)));
  } catch (error) {
    console.log(error instanceof SetupError ? error.message : error);
    outcomes.push({ name: "setup", ...failure });
  }
  return report(outcomes);
});

async function checks(env) {
  const { output, code } = await stage("check: format, lint, layers, unused code, types", () =>
    turbo(env, [...first.map((name) => `//#check:${name}`), "--continue"]),
  );
  return outcome("checks", code, output, () => first.map((name) => summaryOf(name, ".", name)));
}

async function builds(env) {
  const { output, code } = await stage("check: build", () => turbo(env, ["build", "--continue"]));
  if (code !== 0) console.log(output);
  return { name: "build", ...(code === 0 ? success : failure) };
}

async function tests(env) {
  const tested = workspaces().filter((folder) => manifest(folder).scripts?.test !== undefined);
  const { output, code } = await stage(`test: ${tested.length} packages`, () =>
    turbo(env, ["test", ...last.map((name) => `//#check:${name}`), "--continue"]),
  );
  return outcome("tests", code, output, () => [
    ...last.map((name) => summaryOf(name, ".", name)),
    ...tested.map((folder) => summaryOf(folder, folder, "test")),
  ]);
}

// A task that failed for a reason that no summary knows of still counts.
function outcome(name, code, output, summaries) {
  if (code !== 0) console.log(output);
  const all = summaries();
  const known = all.some(({ failed }) => failed > 0);
  return code !== 0 && !known ? [...all, { name, ...failure }] : all;
}

// Whatever ended without a summary failed.
function summaryOf(name, folder, file) {
  try {
    return { name, ...JSON.parse(readFileSync(join(root, folder, ".summary", `${file}.json`), "utf8")) };
  } catch {
    return { name, ...failure };
  }
}

// Old summaries must not be counted: turbo puts back those of the tasks it finds in its cache.
function forget() {
  for (const folder of [".", ...workspaces()]) rmSync(join(root, folder, ".summary"), { recursive: true, force: true });
}

function manifest(folder) {
  return JSON.parse(readFileSync(join(root, folder, "package.json"), "utf8"));
}

function report(outcomes) {
  const width = Math.max(...outcomes.map(({ name }) => name.length));
  for (const { name, missing = [], ...counts } of outcomes) {
    console.log(`  ${name.padEnd(width)}  ${sentence(counts)}`);
    for (const what of missing) console.log(`  ${"".padEnd(width)}  ${what}`);
  }
  const total = outcomes.reduce(
    (sum, each) => ({
      passed: sum.passed + each.passed,
      failed: sum.failed + each.failed,
      skipped: sum.skipped + each.skipped,
    }),
    { passed: 0, failed: 0, skipped: 0 },
  );
  console.log(sentence(total));
  return total.failed === 0 && total.passed > 0 ? 0 : 1;
}

function sentence({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
