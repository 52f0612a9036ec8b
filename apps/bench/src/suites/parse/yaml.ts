// 12: from YAML. The limit is js-yaml, which only reads; so do the peers, one of which checks the form as well.
import { parseWorkflow } from "@mofa/sdk/workflow";
import type { Case } from "../../measure.ts";
import type { Peers } from "../../peer.ts";
import { reads, YAML_TEXT } from "./file.ts";
import { checks } from "./forms.ts";

interface JsYaml {
  readonly CORE_SCHEMA: unknown;
  load(text: string, options: { readonly schema: unknown }): unknown;
}

export function yamlCase(peers: Peers): Case {
  return {
    name: "12 a workflow of 200 nodes, from YAML",
    subjects: [
      async () => {
        const peer = await peers.load<JsYaml>("js-yaml");
        return peer && reads("limit", () => peer.load(YAML_TEXT, { schema: peer.CORE_SCHEMA }));
      },
      () => reads("mofa", () => parseWorkflow(YAML_TEXT)),
      async () => {
        const peer = await peers.load<{ parse(text: string): unknown }>("yaml");
        return peer && reads("yaml", () => peer.parse(YAML_TEXT));
      },
      async () => {
        const peer = await peers.load<{ parse(text: string): unknown }>("yaml");
        const check = await checks(peers)["zod"]?.();
        return peer && check && reads("yaml and zod, form only", () => check(peer.parse(YAML_TEXT)));
      },
    ],
  };
}
