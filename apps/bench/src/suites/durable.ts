// Runs that survive a crash: what keeping each step costs, in time and in bytes.
import type { Suite } from "../measure.ts";
import type { Peers } from "../peer.ts";
import { runCase } from "../runner.ts";
import { measureGrowth } from "./durable/growth.ts";
import { manyCase } from "./durable/many.ts";
import { tenCases } from "./durable/ten.ts";

export function durable(peers: Peers): Suite {
  return {
    name: "durable",
    async run(report, rounds) {
      for (const each of [...tenCases(peers), await manyCase(peers)]) report(await runCase("durable", each, rounds));
      for (const results of await measureGrowth(peers)) report(results);
    },
  };
}
