// What is said and what is seen: messages between agents, and the event stream.
import type { Suite } from "../measure.ts";
import type { Peers } from "../peer.ts";
import { runCase } from "../runner.ts";
import { askCase } from "./messages/ask.ts";
import { emitCases, eventCase } from "./messages/event.ts";
import { topicCase, watcherCase } from "./messages/fan-out.ts";
import { patternCases } from "./messages/patterns.ts";
import { tellCase } from "./messages/tell.ts";
import { watchCases } from "./messages/watch.ts";

export function messages(peers: Peers): Suite {
  return {
    name: "messages",
    async run(report, rounds) {
      // The many first: then no case finds a path that has only ever seen one listener.
      const cases = [
        tellCase(peers),
        askCase(peers),
        ...[1000, 10, 1].map((count) => watcherCase(peers, count)),
        eventCase(peers),
        ...emitCases(),
        ...[1000, 10, 1].map((count) => topicCase(peers, count)),
        ...patternCases(peers),
        ...watchCases(),
      ];
      for (const each of cases) report(await runCase("messages", each, rounds));
    },
  };
}
