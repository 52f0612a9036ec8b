import type { DatabaseStatus, Pruned } from "@mofa/sdk/persistence/admin";
import { table } from "../columns.ts";

const KINDS = { sqlite: "SQLite", postgres: "PostgreSQL", mysql: "MySQL or MariaDB" } as const;
const UNITS = ["B", "kB", "MB", "GB", "TB"];
const DAY = 86_400_000;
const SPANS = [
  [DAY, "day"],
  [3_600_000, "hour"],
  [60_000, "minute"],
] as const;

/** A number of bytes as people read it. */
export function bytes(count: number): string {
  let value = count;
  let unit = 0;
  for (; value >= 1000 && unit < UNITS.length - 1; unit++) value /= 1000;
  return `${unit === 0 ? value : value.toFixed(1)} ${UNITS[unit]}`;
}

/** Tables with rows, one to a line. */
export function rowsOf(tables: readonly { readonly name: string; readonly rows: number }[]): string {
  return table(tables.filter(({ rows }) => rows > 0).map(({ name, rows }) => [name, String(rows)]));
}

/** How much was deleted of each kind, one to a line. */
export function countsOf(pruned: Pruned): string {
  const { runs, sessions, facts, documents } = pruned;
  return table(Object.entries({ runs, sessions, facts, documents }).map(([name, count]) => [name, String(count)]));
}

/** The state of a database as people read it. */
export function statusText(status: DatabaseStatus, now: number): string {
  const { kind, file, tables, runs, oldestOpenRun: oldest } = status;
  const lines = [
    ["database", `${file} (${KINDS[kind]})`],
    ["size", bytes(status.bytes)],
    ["version", versionOf(status)],
    ["tasks", `${status.openTasks} open`],
    ["letters", `${status.lettersToSend} to send`],
  ];
  if (oldest !== undefined) {
    const { id, name, createdAt } = oldest;
    lines.push(["oldest open", `${id} (${name}), ${oldest.status}, made ${ago(now - createdAt)}`]);
  }
  const blocks = [table(lines)];
  if (runs.length > 0) {
    const counts = runs.map(({ queue, status: state, count }) => [queue === "" ? "-" : queue, state, String(count)]);
    blocks.push(table([["queue", "status", "runs"], ...counts]));
  }
  if (tables.length > 0)
    blocks.push(table([["table", "rows"], ...tables.map(({ name, rows }) => [name, String(rows)])]));
  return blocks.join("\n\n");
}

function versionOf({ steps }: DatabaseStatus): string {
  const named = (status: string) => steps.filter((step) => step.status === status).map(({ name }) => name);
  const [missing, partly, unknown] = [named("missing"), named("partly"), named("unknown")];
  if (unknown.length > 0) return `newer than this mofa: ${unknown.length} step(s) are unknown; upgrade mofa`;
  if (partly.length > 0) return `an upgrade broke off in ${partly.join(", ")}; go on with mofa db migrate`;
  if (missing.length > 0) return `older: lacks ${missing.join(", ")}; run mofa db migrate`;
  return `of this mofa (${steps.at(-1)?.name ?? "no steps"})`;
}

function ago(ms: number): string {
  for (const [span, word] of SPANS) {
    const count = Math.floor(ms / span);
    if (count > 0) return `${count} ${word}${count === 1 ? "" : "s"} ago`;
  }
  return "just now";
}
