// Workflows in memory: what an engine costs per node, where the nodes do next to nothing.
import type { Suite } from "../measure.ts";
import type { Peers } from "../peer.ts";
import { runCase } from "../runner.ts";
import { dagCase } from "./workflow/dag.ts";
import { joinCase } from "./workflow/join.ts";
import { loopCase } from "./workflow/loop.ts";
import { rowCase } from "./workflow/row.ts";

export function workflow(peers: Peers): Suite {
  return {
    name: "workflow",
    async run(report, rounds) {
      for (const each of [rowCase(peers), joinCase(peers), dagCase(peers), loopCase(peers)])
        report(await runCase("workflow", each, rounds));
    },
  };
}
