// A workflow file, from its text to a definition that is checked.
import type { Suite } from "../measure.ts";
import type { Peers } from "../peer.ts";
import { runCase } from "../runner.ts";
import { jsonCase } from "./parse/json.ts";
import { yamlCase } from "./parse/yaml.ts";

export function parse(peers: Peers): Suite {
  return {
    name: "parse",
    async run(report, rounds) {
      for (const each of [jsonCase(peers), yamlCase(peers)]) report(await runCase("parse", each, rounds));
    },
  };
}
