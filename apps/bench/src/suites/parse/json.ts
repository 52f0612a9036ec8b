// 12: from JSON. The limit only parses; so do the peers, and then they check the form of what they read: neither names
// that are given twice, nor ids, edges, circles and references, which are the greater part of ours.
import { parseWorkflow } from "@mofa/sdk/workflow";
import type { Case } from "../../measure.ts";
import type { Peers } from "../../peer.ts";
import { JSON_TEXT, reads } from "./file.ts";
import { checks } from "./forms.ts";

export function jsonCase(peers: Peers): Case {
  return {
    name: "12 a workflow of 200 nodes, from JSON",
    subjects: [
      () => reads("limit", () => JSON.parse(JSON_TEXT)),
      () => reads("mofa", () => parseWorkflow(JSON_TEXT, { format: "json" })),
      ...Object.entries(checks(peers)).map(([name, load]) => async () => {
        const check = await load();
        return check && reads(`JSON.parse and ${name}, form only`, () => check(JSON.parse(JSON_TEXT)));
      }),
    ],
  };
}
