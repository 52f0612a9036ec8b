// 6b: how one long run grows: 500 steps of 1 KB, all of which stay a part of it. One run of each, in turn.
import { readFile } from "node:fs/promises";
import { sqlite } from "@mofa/sdk/persistence/sqlite";
import { parseWorkflow } from "@mofa/sdk/workflow";
import type { Result } from "../../measure.ts";
import type { Peers } from "../../peer.ts";
import { keeping } from "./flow.ts";
import { type Folder, openFolder } from "./folder.ts";
import { sqliteLimit } from "./limit.ts";
import { langGraphLoop, mastraRow } from "./peers.ts";

const STEPS = 500;
const BYTES = 1024;
const TEXT = "x".repeat(BYTES);

interface Growing {
  run(): Promise<unknown>;
  close?(): unknown;
}

interface Growth {
  readonly subject: string;
  readonly milliseconds: number;
  /** Bytes of the file when it was opened: its tables, with nothing in them. */
  readonly empty: number;
  /** Bytes that the run has added to that. */
  readonly kept: number;
  readonly written: number;
}

/** Results of four cases: the time, the bytes that a step adds and those of empty tables, the bytes that were written. */
export async function measureGrowth(peers: Peers): Promise<readonly (readonly Result[])[]> {
  const all: Growth[] = [];
  for (const [subject, open] of Object.entries(subjects(peers))) {
    const growth = await grow(subject, open);
    if (growth !== undefined) all.push(growth);
  }
  const name = `6b a run of ${STEPS} steps of 1 KB`;
  return [
    toResults(`${name}: a step`, "ns", { all, figure: ({ milliseconds }) => (milliseconds * 1e6) / STEPS }),
    toResults(`${name}: kept for a step`, "KB", { all, figure: ({ kept }) => kept / STEPS / 1024 }),
    toResults(`${name}: kept before the first`, "KB", { all, figure: ({ empty }) => empty / 1024 }),
    toResults(`${name}: written for a step`, "KB", { all, figure: ({ written }) => written / STEPS / 1024 }),
  ];
}

type Open = (file: string) => Promise<Growing | undefined>;

const subjects = (peers: Peers): Readonly<Record<string, Open>> => ({
  async limit(file) {
    const limit = await sqliteLimit(file, { synchronous: "NORMAL", grouped: false });
    return { run: () => limit.run(STEPS, TEXT), close: limit.end };
  },
  async mofa(file) {
    const nodes = [{ id: "say", use: "tool", with: { tool: "say" } }];
    const turns = { id: "turns", use: "loop", with: { times: STEPS }, body: { nodes, output: null } };
    const definition = parseWorkflow(JSON.stringify({ name: "long", version: "1.0.0", nodes: [turns] }));
    const plugin = sqlite({ file, durability: "relaxed" });
    const { mofa, run } = await keeping(plugin, { definition, bytes: BYTES, atOnce: 1 });
    return { run, close: () => mofa.end() };
  },
  langgraph: (file) => langGraphLoop(peers, { file, steps: STEPS, text: TEXT }),
  async mastra(file) {
    const run = await mastraRow(peers, { file, steps: STEPS, text: TEXT });
    return run === undefined ? undefined : { run };
  },
});

async function grow(subject: string, open: Open): Promise<Growth | undefined> {
  // Once with nothing to keep the figures of: what is compiled and created at first is not growth.
  for (const last of [false, true]) {
    const folder = await openFolder();
    try {
      const growth = await growIn(folder, subject, open);
      if (growth === undefined || last) return growth;
    } finally {
      await folder.delete();
    }
  }
  return undefined;
}

async function growIn(folder: Folder, subject: string, open: Open): Promise<Growth | undefined> {
  const growing = await open(folder.file);
  if (growing === undefined) return undefined;
  const empty = await folder.size();
  const before = await writtenBytes();
  const started = performance.now();
  await growing.run();
  const milliseconds = performance.now() - started;
  const written = (await writtenBytes()) - before;
  await growing.close?.();
  return { subject, milliseconds, empty, kept: (await folder.size()) - empty, written };
}

/** Bytes that this process has given to write(2); where the system does not say, not a number. */
async function writtenBytes(): Promise<number> {
  if (process.platform !== "linux") return Number.NaN;
  return Number(/wchar: (\d+)/.exec(await readFile("/proc/self/io", "utf8"))?.[1]);
}

interface Growths {
  readonly all: readonly Growth[];
  figure(growth: Growth): number;
}

function toResults(name: string, unit: string, { all, figure }: Growths): readonly Result[] {
  const limit = all.find(({ subject }) => subject === "limit");
  return all.map((growth) => {
    const value = figure(growth);
    const ratio = limit === undefined ? null : value / figure(limit);
    const figures = { median: value, min: value, max: value, ratio };
    return { suite: "durable", case: name, subject: growth.subject, unit, ...figures, better: "lower" };
  });
}
