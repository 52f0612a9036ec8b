// The one path that every action takes.
import type { Suite } from "../measure.ts";
import type { Peers } from "../peer.ts";
import { runCase } from "../runner.ts";
import { measureMemory } from "./invoke/keep.ts";
import { middlewareCases } from "./invoke/middleware.ts";
import { wholeCases } from "./invoke/whole.ts";

export function invoke(peers: Peers): Suite {
  return {
    name: "invoke",
    async run(report, rounds) {
      for (const each of [...middlewareCases(peers), ...wholeCases(peers)])
        report(await runCase("invoke", each, rounds));
      report(await measureMemory());
    },
  };
}
