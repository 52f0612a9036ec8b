// 6a: runs of ten steps, each of which gives 1 KB, kept in an SQLite file before the next one begins.
import { sqlite } from "@mofa/sdk/persistence/sqlite";
import type { Case, Subject } from "../../measure.ts";
import type { Peers } from "../../peer.ts";
import { atOnce, keeping, rowOf } from "./flow.ts";
import { openFolder } from "./folder.ts";
import { ownLimit } from "./limit.ts";
import { langGraphRow, mastraRow } from "./peers.ts";

const STEPS = 10;
const BYTES = 1024;
const TEXT = "x".repeat(BYTES);
const MANY = 64;

export function tenCases(peers: Peers): readonly Case[] {
  const normal = "6a ten steps of 1 KB, SQLite, sure to survive a killed process";
  const full = "6a ten steps of 1 KB, SQLite, sure to survive a power cut";
  return [
    {
      name: normal,
      subjects: [
        () => limit("NORMAL", 1),
        () => mofa("relaxed", 1),
        () => mastra(peers),
        () => langGraph(peers, "NORMAL"),
      ],
    },
    { name: full, subjects: [() => limit("FULL", 1), () => mofa("full", 1), () => langGraph(peers, "FULL")] },
    {
      name: `${full}, a run of ${MANY} at once`,
      each: MANY,
      subjects: [() => limit("FULL", MANY), () => mofa("full", MANY)],
    },
  ];
}

async function limit(synchronous: "NORMAL" | "FULL", runs: number): Promise<Subject> {
  const { run, end } = await ownLimit({ synchronous, grouped: runs > 1 });
  return atOnce("limit", { runs, run: () => run(STEPS, TEXT), end });
}

async function mofa(durability: "full" | "relaxed", runs: number): Promise<Subject> {
  const folder = await openFolder();
  const plugin = sqlite({ file: folder.file, durability });
  const ours = await keeping(plugin, { definition: rowOf(STEPS), bytes: BYTES, atOnce: runs });
  const end = async () => {
    await ours.mofa.end();
    await folder.delete();
  };
  return atOnce("mofa", { runs, run: ours.run, end });
}

/** With LibSQL, which chooses its own durability: that of a killed process. */
async function mastra(peers: Peers): Promise<Subject | undefined> {
  const folder = await openFolder();
  const run = await mastraRow(peers, { file: folder.file, steps: STEPS, text: TEXT });
  if (run === undefined) {
    await folder.delete();
    return undefined;
  }
  return atOnce("mastra", { runs: 1, run, end: () => folder.delete() });
}

async function langGraph(peers: Peers, synchronous: "NORMAL" | "FULL"): Promise<Subject | undefined> {
  const folder = await openFolder();
  const row = await langGraphRow(peers, { file: folder.file, steps: STEPS, text: TEXT, synchronous });
  if (row === undefined) {
    await folder.delete();
    return undefined;
  }
  const end = async () => {
    row.close();
    await folder.delete();
  };
  return atOnce("langgraph", { runs: 1, run: row.run, end });
}
