// 6a: runs of ten steps, each of which gives 1 KB, kept in an SQLite file before the next one begins; and runs of three.
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

interface Size {
  readonly steps: number;
  /** At once. */
  readonly runs: number;
}

const TEN: Size = { steps: STEPS, runs: 1 };
const THREE: Size = { steps: 3, runs: 1 };

export function tenCases(peers: Peers): readonly Case[] {
  const normal = "6a ten steps of 1 KB, SQLite, sure to survive a killed process";
  const full = "6a ten steps of 1 KB, SQLite, sure to survive a power cut";
  return [
    {
      name: normal,
      subjects: [
        () => limit("NORMAL", TEN),
        () => mofa("relaxed", TEN),
        () => mastra(peers),
        () => langGraph(peers, "NORMAL"),
      ],
    },
    { name: full, subjects: [() => limit("FULL", TEN), () => mofa("full", TEN), () => langGraph(peers, "FULL")] },
    {
      name: `${full}, a run of ${MANY} at once`,
      each: MANY,
      subjects: [() => limit("FULL", { ...TEN, runs: MANY }), () => mofa("full", { ...TEN, runs: MANY })],
    },
    {
      name: "6a three steps of 1 KB, SQLite, sure to survive a power cut",
      subjects: [() => limit("FULL", THREE), () => mofa("full", THREE)],
    },
    {
      name: `6a three steps of 1 KB, SQLite, sure to survive a power cut, a run of ${MANY} at once`,
      each: MANY,
      subjects: [() => limit("FULL", { ...THREE, runs: MANY }), () => mofa("full", { ...THREE, runs: MANY })],
    },
  ];
}

async function limit(synchronous: "NORMAL" | "FULL", { steps, runs }: Size): Promise<Subject> {
  const { run, end } = await ownLimit({ synchronous, grouped: runs > 1 });
  return atOnce("limit", { runs, run: () => run(steps, TEXT), end });
}

async function mofa(durability: "full" | "relaxed", { steps, runs }: Size): Promise<Subject> {
  const folder = await openFolder();
  const plugin = sqlite({ file: folder.file, durability });
  const ours = await keeping(plugin, { definition: rowOf(steps), bytes: BYTES, atOnce: runs });
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
