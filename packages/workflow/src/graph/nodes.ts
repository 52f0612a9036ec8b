import {
  type Agent,
  type Call,
  type Issue,
  type JsonObject,
  type Model,
  type ModelMessage,
  type NodeKind,
  type Question,
  resolveModel,
} from "@mofa/kernel";
import { fail } from "../errors.ts";
import { ruleNode, switchNode } from "./choice-nodes.ts";
import { BODY_KINDS } from "./control-nodes.ts";
import { toMilliseconds } from "./definition.ts";
import { hearNode } from "./hear-node.ts";
import { joinNode, publishNode, taskNode, waitNode } from "./plain-nodes.ts";
import { DURATION, done, settingsSchema as schema, TEXT as text } from "./settings.ts";

/** The node kinds that this package brings: each calls a named thing, which is what a run keeps, or runs what is inside. */
export function builtInNodes(models: () => readonly Model[]): readonly NodeKind[] {
  const callers = [
    taskNode,
    toolNode,
    agentNode,
    modelNode(models),
    workflowNode,
    publishNode,
    askNode,
    waitNode,
    hearNode,
  ];
  return [...callers, switchNode, ruleNode, joinNode, ...BODY_KINDS];
}

const toolNode: NodeKind = {
  kind: "node",
  name: "tool",
  description: "Calls a tool.",
  effect: "none",
  input: schema({ tool: text, input: true }, ["tool"]),
  run: async ({ tool, input }: { tool: string; input?: unknown }, call) =>
    done(await call.invoke(call.get("tool", tool), input ?? {})),
};

const agentNode: NodeKind = {
  kind: "node",
  name: "agent",
  description: "Lets an agent take a turn: by `text` (and `session`), or with an `input` of its own form.",
  effect: "none",
  input: {
    ...schema({ agent: text, text: { type: "string" }, session: { type: ["string", "number", "null"] }, input: true }, [
      "agent",
    ]),
    oneOf: [{ required: ["text"] }, { required: ["input"] }],
  },
  run: async (settings: AgentSettings, call) =>
    done(await call.invoke(call.get("agent", settings.agent) as Agent, agentInput(settings))),
};

interface AgentSettings {
  readonly agent: string;
  readonly text?: string;
  readonly session?: string | number | null;
  readonly input?: unknown;
}

function agentInput({ text: said, session, input }: AgentSettings): unknown {
  if (said === undefined) return input;
  return session === undefined || session === null ? { text: said } : { text: said, session: String(session) };
}

/** Asks a model: by `text` (and `system`), or with whole `messages`. */
function modelNode(models: () => readonly Model[]): NodeKind {
  const numbers = {
    temperature: { type: "number" },
    maxTokens: { type: "integer", minimum: 1 },
    seed: { type: "integer" },
  };
  const properties = {
    model: text,
    system: { type: "string" },
    text: { type: "string" },
    messages: { type: "array" },
    output: { type: "object" },
    ...numbers,
  };
  return {
    kind: "node",
    name: "model",
    description: "Asks a model: by `text` (and `system`), or with whole `messages`.",
    effect: "none",
    input: { ...schema(properties, ["model"]), oneOf: [{ required: ["text"] }, { required: ["messages"] }] },
    async run({ model: name, system, text: said, messages, ...rest }: ModelSettings, call) {
      const { model, as } = resolveModel(models(), name);
      const asked = [
        ...(system === undefined ? [] : [{ role: "system" as const, text: system }]),
        ...(messages ?? [{ role: "user" as const, text: said ?? "" }]),
      ];
      return done(await call.invoke(model, { ...rest, model: as, messages: asked }));
    },
  };
}

interface ModelSettings {
  readonly model: string;
  readonly system?: string;
  readonly text?: string;
  readonly messages?: readonly ModelMessage[];
  readonly temperature?: number;
}

const askNode: NodeKind = {
  kind: "node",
  name: "ask",
  description: "Asks a human or another system; the outcome is the option that was chosen.",
  effect: "none",
  waits: true,
  input: schema(
    {
      title: text,
      why: { type: "string" },
      context: true,
      options: {
        type: "array",
        items: { type: "string", minLength: 1, not: { enum: ["failed", "skipped"] } },
        minItems: 1,
        uniqueItems: true,
      },
      schema: { type: "object" },
      timeout: DURATION,
      fallback: true,
    },
    ["title"],
  ),
  outcomesOf: ({ options }) => {
    if (options === undefined) return [];
    if (!Array.isArray(options) || options.some((option) => typeof option !== "string" || option.includes("${")))
      return undefined;
    return options as readonly string[];
  },
  check: checkAsk,
  async run({ timeout, ...question }: AskSettings, call: Call) {
    const limit = timeout === undefined ? {} : { timeout: toMilliseconds(timeout) ?? Number.NaN };
    const { value, by, comment } = await call.ask({ ...question, ...limit });
    return { outcome: question.options === undefined ? "done" : String(value), output: { value, by, comment } };
  },
};

function checkAsk({ timeout, fallback }: JsonObject): readonly Issue[] {
  if (timeout === undefined) return [];
  const known = typeof timeout === "string" && timeout.includes("${") ? 0 : toMilliseconds(timeout);
  if (known === undefined)
    return [{ path: "timeout", message: "must be a duration: milliseconds, or like 500ms, 2s, 10m, 1h" }];
  return fallback === undefined ? [{ path: "timeout", message: 'needs a "fallback" that answers then' }] : [];
}

interface AskSettings extends Omit<Question, "timeout"> {
  readonly timeout?: number | string;
}

// A workflow that runs itself would never end.
const MAX_DEPTH = 32;

const workflowNode: NodeKind = {
  kind: "node",
  name: "workflow",
  description: "Runs another workflow as a part of this one.",
  effect: "none",
  input: schema({ workflow: text, input: true }, ["workflow"]),
  async run({ workflow, input }: { workflow: string; input?: unknown }, call) {
    let depth = 0;
    for (let here: Call | undefined = call; here !== undefined; here = here.parent)
      if (here.action.kind === "workflow") depth++;
    if (depth >= MAX_DEPTH) throw fail("workflow.too_deep", { workflow, most: MAX_DEPTH });
    return done(await call.invoke(call.get("workflow", workflow), input ?? null));
  },
};
