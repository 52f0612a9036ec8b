/** The workflow nodes of scripts: work, questions with two answers, and values computed from values. */
import type { Call, Json, JsonSchema, NodeKind, NodeResult, Sandbox, Script, ScriptSource } from "@mofa/kernel";
import { fail } from "./errors.ts";
import { expression } from "./expression.ts";
import { evaluateOne } from "./script-actions.ts";

interface With {
  readonly script?: string;
  readonly source?: string;
  readonly input?: Json;
  readonly uses?: readonly string[];
}

const SCRIPT = { type: "string", minLength: 1, description: "The name of a script." };
const SOURCE = { type: "string", minLength: 1, description: 'An expression of "input", like input.total > 50.' };
const USES = {
  type: "array",
  items: { type: "string" },
  description: 'What an inline source may use through "host", as kind:name.',
};

const inputOf = (more: JsonSchema = {}): JsonSchema => ({
  type: "object",
  properties: { script: SCRIPT, source: SOURCE, input: {}, ...more },
  additionalProperties: false,
});

/** Runs a script that may use its host; ends as `done` with what it gave back. */
export const taskNode: NodeKind = {
  kind: "node",
  name: "script.task",
  description: "Runs a script, which may use what it was granted.",
  input: inputOf({ uses: USES }),
  async run(given: With, call) {
    const { script, source } = pick("script.task", given, call, (text) => expression("script.task", text, true));
    const input = given.input ?? null;
    const output =
      script === undefined
        ? await evaluateOne(sandboxOf(call), { source, input, uses: given.uses ?? [] }, call)
        : await call.invoke(script, input);
    return { outcome: "done", output };
  },
};

/** Asks a script that must answer true or false; ends as `yes` or `no`. */
export const conditionNode: NodeKind = {
  kind: "node",
  name: "script.condition",
  description: "Asks a script or an expression, and ends as yes or no.",
  input: inputOf(),
  outcomes: ["yes", "no"],
  async run(given: With, call): Promise<NodeResult> {
    const value = await compute("script.condition", given, call);
    if (typeof value !== "boolean") {
      const node = given.script === undefined ? `"${given.source}"` : `"${given.script}"`;
      throw fail("script.not_boolean", { node, got: JSON.stringify(value).slice(0, 100) });
    }
    return { outcome: value ? "yes" : "no", output: { value } };
  },
};

/** Computes a value from a value: pure, and so computed again on a replay rather than kept. */
export const transformNode: NodeKind = {
  kind: "node",
  name: "script.transform",
  description: "Computes a value from its input, and touches nothing.",
  input: inputOf(),
  effect: "none",
  async run(given: With, call) {
    const { script } = pick("script.transform", given, call, (text) => expression("script.transform", text));
    if (script !== undefined && script.effect !== "none") throw fail("script.not_pure", { script: script.name });
    return { outcome: "done", output: await compute("script.transform", given, call) };
  },
};

async function compute(node: string, given: With, call: Call): Promise<Json> {
  const { script, source } = pick(node, given, call, (text) => expression(node, text));
  const input = given.input ?? null;
  return script === undefined ? evaluateOne(sandboxOf(call), { source, input }, call) : call.invoke(script, input);
}

type Picked =
  | { readonly script: Script; readonly source?: never }
  | { readonly script?: undefined; readonly source: ScriptSource };

function pick(node: string, { script, source }: With, call: Call, read: (text: string) => ScriptSource): Picked {
  if (script !== undefined && source === undefined) return { script: call.get("script", script) };
  if (source !== undefined && script === undefined) return { source: read(source) };
  throw fail("script.one_source", { node });
}

// The newest sandbox: whoever brings another engine is used by these nodes too.
const sandboxOf = (call: Call): Sandbox => call.find("sandbox") ?? call.get("sandbox", "isolated");
