// Run by heap.test.ts in a process of its own, with the collector in hand: prints how much 100,000 calls left behind.
import type { AnyAction } from "../src/action.ts";
import { createKernel } from "../src/host/index.ts";

const collect = globalThis.gc as () => void;
const heap = () => {
  for (let round = 0; round < 4; round++) collect();
  return process.memoryUsage().heapUsed;
};

await using kernel = await createKernel({
  plugins: [
    {
      name: "listener",
      version: "1.0.0",
      setup: (ctx) => ctx.receive("topic:>", (message, call) => (message.body === 0 ? call.trace : undefined)),
    },
  ],
});
const leaf: AnyAction = {
  kind: "tool",
  name: "leaf",
  input: { type: "object", required: ["n"] },
  run: ({ n }, call) => [n, call.id, call.signal.aborted],
};
const root: AnyAction = {
  kind: "tool",
  name: "root",
  async run(n: number, call) {
    if (n % 100 === 0) await call.send({ to: `topic:t.${n}`, type: "t", body: n });
    return call.invoke(leaf, { n }, n % 10 === 0 ? { timeout: 60_000 } : {});
  },
};
const ann = {
  kind: "agent",
  name: "ann",
  run: (_: unknown, call) => call.invoke(leaf, { n: 1 }),
} as const satisfies AnyAction & { kind: "agent" };
kernel.provide("agent", ann);
const longLived = new AbortController();
// A parent that lives through it all must not remember its children.
const keeper: AnyAction = {
  kind: "tool",
  name: "keeper",
  async run(rounds: number, call) {
    for (let n = 0; n < rounds; n++) {
      // Agents that come and go, each with topics and a role of its own, leave nothing behind either.
      if (n % 5 === 0) {
        const take = kernel.provide("agent", { ...ann, name: `a${n}`, roles: [`r${n}`], topics: [`own.${n}.*`] });
        await kernel.started();
        take();
      }
      if (n % 50 === 0) await kernel.invoke(root, n, { signal: longLived.signal });
      else if (n % 20 === 0) await call.request({ to: "agent:ann", type: "x" });
      else await call.invoke(root, n);
    }
    return heap();
  },
};

const before = (await kernel.invoke(keeper, 5000)) as number;
const after = (await kernel.invoke(keeper, 50_000)) as number;
process.stdout.write(JSON.stringify({ grown: after - before, counts: kernel.counts() }));
