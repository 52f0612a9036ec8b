// Run in a process of its own: 10,000 idle agents that each listen to a topic of their own, and a million messages
// through them. `node listening.ts mofa|limit` prints the heap they take and the processor time of the messages.
import type { Agent } from "@mofa/kernel";
import { createKernel } from "@mofa/kernel/host";
import { Gate, inBursts } from "../../burst.ts";
import { heapUsed } from "./heap.ts";

const AGENTS = 10_000;
const MESSAGES = 1_000_000;

interface World {
  /** Says something to one of them. */
  send(index: number): unknown;
}

const topics = Array.from({ length: AGENTS }, (_, index) => `topic:bench.${index}`);
const gate = new Gate();

/** A function in a Map for each, called when its turn comes. */
function limit(): World {
  const listeners = new Map(topics.map((topic) => [topic, () => gate.arrive()]));
  let waiting: { readonly to: string; readonly body: number }[] = [];
  const drain = () => {
    const all = waiting;
    waiting = [];
    for (const { to } of all) listeners.get(to)?.();
  };
  return {
    send(index) {
      if (waiting.length === 0) queueMicrotask(drain);
      waiting.push({ to: topics[index % AGENTS] as string, body: index });
    },
  };
}

async function mofa(): Promise<World> {
  const kernel = await createKernel();
  const run = () => gate.arrive();
  for (let index = 0; index < AGENTS; index++) {
    const agent: Agent = { kind: "agent", name: `agent-${index}`, topics: [`bench.${index}`], run };
    kernel.provide("agent", agent);
  }
  await kernel.started();
  return { send: (index) => kernel.send({ to: topics[index % AGENTS] as string, type: "said", body: index }) };
}

const before = heapUsed();
const world = process.argv[2] === "limit" ? limit() : await mofa();
const bytes = heapUsed() - before;
let sent = 0;
const send = (count: number) => {
  for (let index = 0; index < count; index++) world.send(sent++);
};
// Once through all of them before it counts: the first message makes the mailbox.
await inBursts(AGENTS, { size: 1000, gate }, send);
const begun = process.cpuUsage();
await inBursts(MESSAGES, { size: 1000, gate }, send);
const { user, system } = process.cpuUsage(begun);
process.stdout.write(JSON.stringify({ bytes, nanoseconds: ((user + system) * 1e3) / MESSAGES }));
process.exit();
