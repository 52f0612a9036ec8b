// Whose turn it is: queues by priority, work so many at a time, and the whole way of a task.
import type { Suite } from "../measure.ts";
import type { Peers } from "../peer.ts";
import { runCase } from "../runner.ts";
import { poolCase } from "./scheduler/pool.ts";
import { manyCase, steadyCase } from "./scheduler/queue.ts";
import { wholeCase } from "./scheduler/whole.ts";

export function scheduler(peers: Peers): Suite {
  return {
    name: "scheduler",
    async run(report, rounds) {
      for (const each of [manyCase(peers), steadyCase(peers), poolCase(peers), wholeCase()])
        report(await runCase("scheduler", each, rounds));
    },
  };
}
