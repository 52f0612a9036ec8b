/** Makes actions of scripts: what a script exports says how it is called and what it may do. */
import {
  type Action,
  type Call,
  type Effect,
  fromErrorJson,
  type Json,
  type JsonSchema,
  type Sandbox,
  type Script,
  type ScriptCall,
  type ScriptSource,
  sayIssues,
  type Tool,
  toCheck,
} from "@mofa/kernel";
import { fail } from "./errors.ts";
import { sourceHash } from "./quarantine.ts";

type Described = Readonly<Record<string, Json>>;

const EXPORTS: JsonSchema = {
  type: "object",
  properties: {
    name: { type: "string", pattern: "^[A-Za-z0-9._/-]{1,128}$" },
    description: { type: "string" },
    input: { type: "object" },
    output: { type: "object" },
    uses: { type: "array", items: { type: "string", pattern: "^[a-z][A-Za-z0-9-]*:.+$" } },
    effect: { enum: ["none", "idempotent", "once", "tx"] },
    timeout: { type: "number", exclusiveMinimum: 0 },
  },
};
const checkExports = toCheck(EXPORTS);

/** Makes a tool of a script; `exports` is what the sandbox describes it with. It is named by them, or after its file. */
export function scriptTool(sandbox: Sandbox, source: ScriptSource, exports: Described): Tool {
  return { ...describeAction(sandbox, source, exports), kind: "tool" };
}

/** Makes a named script, whose version is the hash of its source. Without a host to call, it counts as pure. */
export function namedScript(sandbox: Sandbox, source: ScriptSource, exports: Described): Script {
  const action = describeAction(sandbox, source, exports);
  const effect = action.effect ?? (usesOf(exports).length === 0 ? "none" : undefined);
  const head = effect === undefined ? action : { ...action, effect };
  return { ...head, kind: "script", version: sourceHash(source.text) };
}

/** Evaluates one call and gives its value, or throws what went wrong. */
export async function evaluateOne(sandbox: Sandbox, script: ScriptCall, call: Call): Promise<Json> {
  const [outcome] = await sandbox.evaluate([script], call);
  if (outcome === undefined) throw fail("script.crashed", { script: script.source.name, how: "no outcome was told" });
  if ("error" in outcome) throw fromErrorJson(outcome.error);
  return outcome.value;
}

/** The actions that a script wants to use. */
export function usesOf(exports: Described): readonly string[] {
  return (exports["uses"] ?? []) as readonly string[];
}

function describeAction(sandbox: Sandbox, source: ScriptSource, exports: Described): Omit<Action<Json, Json>, "kind"> {
  assertExports(source, exports);
  const { description, input, output, effect, timeout } = exports as {
    description?: string;
    input?: JsonSchema;
    output?: JsonSchema;
    effect?: Effect;
    timeout?: number;
  };
  const uses = usesOf(exports);
  return {
    name:
      typeof exports["name"] === "string"
        ? exports["name"]
        : source.name.replace(/^.*[\\/]/, "").replace(/\.m?js$/, ""),
    ...(description !== undefined && { description }),
    ...(input !== undefined && { input }),
    ...(output !== undefined && { output }),
    ...(effect !== undefined && { effect }),
    ...(timeout !== undefined && { timeout }),
    run: (given, call) => evaluateOne(sandbox, { source, input: given ?? null, uses }, call),
  };
}

function assertExports(source: ScriptSource, exports: Described): void {
  const checked = checkExports(exports);
  // A JSON Schema answers at once.
  const issues = "issues" in checked ? checked.issues : [];
  if (issues.length > 0) throw fail("script.bad_export", { script: source.name, problems: sayIssues(issues) });
  for (const part of ["input", "output"]) {
    const schema = exports[part] as JsonSchema | undefined;
    if (schema !== undefined) assertSchema(source, part, schema);
  }
}

function assertSchema(source: ScriptSource, part: string, schema: JsonSchema): void {
  try {
    toCheck(schema);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw fail("script.bad_export", { script: source.name, problems: `${part}: ${reason}` }, { cause });
  }
}
