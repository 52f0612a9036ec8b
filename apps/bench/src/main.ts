// `node main.ts NAME… [--json] [--quick]`: measures the named suites, or all of them.
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
import { workflow } from "./suites/workflow.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "boolean", default: false }, quick: { type: "boolean", default: false } },
});
const peers = new Peers();
const suites: readonly Suite[] = [
  messages(peers),
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
  // Quick is for trying a case out; its figures are rough.
  const rounds = values.quick ? { count: 3, turn: 10 } : { count: 11, turn: 25 };
  for (const suite of chosen) await suite.run(print, rounds);
}

function print(results: readonly Result[]): void {
  process.stdout.write(values.json ? results.map((result) => `${toLine(result)}\n`).join("") : `${toTable(results)}\n`);
}
