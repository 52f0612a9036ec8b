// Run by idle-agents.test.ts in a process of its own, with the collector in hand: what idle agents cost, and that
// very many messages pass through them. Prints one JSON line.
import { createKernel } from "../src/host/index.ts";

const collect = globalThis.gc as () => void;
const heap = () => {
  for (let round = 0; round < 4; round++) collect();
  return process.memoryUsage().heapUsed;
};
const AGENTS = Number(process.argv[2] ?? 100_000);
const MESSAGES = Number(process.argv[3] ?? 1_000_000);
const AMONG = Math.min(AGENTS, 10_000);

await using kernel = await createKernel();
let handled = 0;
const run = () => void handled++;
const names = Array.from({ length: AGENTS }, (_, n) => `agent-${n}`);
const before = heap();
const began = performance.now();
for (const name of names) kernel.provide("agent", { kind: "agent", name, run });
const spawned = performance.now() - began;
await kernel.started();
const bytes = (heap() - before) / AGENTS;
const ready = kernel.agents().filter(({ status }) => status === "ready").length;

const addresses = names.slice(0, AMONG).map((name) => `agent:${name}`);
const sending = performance.now();
for (let n = 0; n < MESSAGES; n++) {
  void kernel.send({ to: addresses[n % AMONG] as string, type: "x", body: n });
  // Each gets as many at a time as a mailbox takes, and they get to work.
  if (n % (AMONG * 50) === 0) await new Promise((resolve) => setImmediate(resolve));
}
while (handled < MESSAGES && kernel.deadLetters.count === 0) await new Promise((resolve) => setImmediate(resolve));
const sent = performance.now() - sending;
process.stdout.write(
  JSON.stringify({
    bytes: Math.round(bytes),
    spawnUs: spawned / AGENTS / 1e-3,
    ready,
    handled,
    dead: kernel.deadLetters.count,
    messageNs: MESSAGES === 0 ? 0 : (sent / MESSAGES) * 1e6,
  }),
);
