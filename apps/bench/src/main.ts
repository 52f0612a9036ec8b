// `node main.ts NAME… [--json] [--quick]`: measures the named suites, or all of them. Of several, each works in a process
// of its own: a program has one kernel, and V8 makes slower code of what it has seen many of.
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import type { Result, Suite } from "./measure.ts";
import { Peers } from "./peer.ts";
import { toLine, toTable } from "./print.ts";
import { actors } from "./suites/actors.ts";
import { durable } from "./suites/durable.ts";
import { invoke } from "./suites/invoke.ts";
import { messages } from "./suites/messages.ts";
import { parse } from "./suites/parse.ts";
import { scheduler } from "./suites/scheduler.ts";
import { size } from "./suites/size.ts";
import { threads } from "./suites/threads.ts";
import { workflow } from "./suites/workflow.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "boolean", default: false }, quick: { type: "boolean", default: false } },
});
const peers = new Peers();
const suites: readonly Suite[] = [
  messages(peers),
  threads(),
  actors(),
  invoke(peers),
  scheduler(peers),
  workflow(peers),
  durable(peers),
  parse(peers),
  size(),
];
const names = suites.map((suite) => suite.name);
const unknown = positionals.filter((name) => !names.includes(name));

if (unknown.length > 0) {
  process.stderr.write(`There is no suite "${unknown.join('", "')}". Known: ${names.join(", ")}.\n`);
  process.exitCode = 1;
} else {
  const chosen = suites.filter((suite) => positionals.length === 0 || positionals.includes(suite.name));
  if (chosen.length === 1) await measure(chosen);
  else for (const { name } of chosen) measureApart(name);
}

async function measure([suite]: readonly Suite[]): Promise<void> {
  // Quick is for trying a case out; its figures are rough.
  const rounds = values.quick ? { count: 3, turn: 10 } : { count: 11, turn: 25 };
  await suite?.run(print, rounds);
}

function measureApart(suite: string): void {
  const flags = process.argv.slice(2).filter((argument) => argument.startsWith("-"));
  const program = [...process.execArgv, fileURLToPath(import.meta.url), suite, ...flags];
  const { status, signal } = spawnSync(process.execPath, program, { stdio: "inherit" });
  if (status !== 0) process.exitCode = status ?? 1;
  if (signal !== null) process.exit(1);
}

function print(results: readonly Result[]): void {
  process.stdout.write(values.json ? results.map((result) => `${toLine(result)}\n`).join("") : `${toTable(results)}\n`);
}
