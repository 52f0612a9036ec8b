// Messages to an agent in another thread.
import type { Suite } from "../measure.ts";
import { runCase } from "../runner.ts";
import { threadCase, threadRoundTripCase } from "./threads/thread.ts";

export function threads(): Suite {
  return {
    name: "threads",
    async run(report, rounds) {
      for (const each of [threadCase(), threadRoundTripCase()]) report(await runCase("threads", each, rounds));
    },
  };
}
