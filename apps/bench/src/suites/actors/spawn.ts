// Run in a process of its own, with the collector in hand: `node spawn.ts SUBJECT COUNT` prints what one actor takes.
import { setImmediate } from "node:timers/promises";
import { Peers } from "../../peer.ts";
import { heapUsed } from "./heap.ts";
import { SUBJECTS } from "./subjects.ts";

const [, , subject = "", count = "0"] = process.argv;
const actors = Number(count);
const spawn = await SUBJECTS[subject]?.(new Peers());
if (spawn !== undefined) {
  const before = heapUsed();
  const started = performance.now();
  const kept = [spawn(actors)];
  const took = performance.now() - started;
  // What is begun in a later turn is a part of the actor as well.
  await setImmediate();
  const bytes = (heapUsed() - before) / actors;
  process.stdout.write(JSON.stringify({ bytes, nanoseconds: (took * 1e6) / actors, kept: kept.length }));
}
process.exit();
