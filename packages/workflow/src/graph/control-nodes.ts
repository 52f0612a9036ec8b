import type { Call, Issue, Json, JsonObject, NodeBodies, NodeKind, NodeResult } from "@mofa/kernel";
import { fail } from "../errors.ts";
import { CONDITION, type Condition, checkCondition, holds } from "./condition.ts";
import { failureOutput } from "./failure.ts";
import { forEach } from "./for-each.ts";
import { done, settingsSchema } from "./settings.ts";

const COUNT: JsonObject = { type: "integer", minimum: 1 };
const ERRORS: JsonObject = { enum: ["fail", "collect"] };

interface Many {
  readonly concurrency?: number;
  readonly errors?: "fail" | "collect";
}

/** Runs bodies, as many at a time as is allowed; of those that fail, the first fails all, or each gives its error. */
async function runMany<Key>(
  keys: readonly Key[],
  { concurrency, errors }: Many,
  run: (key: Key, index: number) => Promise<Json>,
) {
  let failures = 0;
  const outputs = await forEach(keys, concurrency ?? keys.length, async (key, index): Promise<Json> => {
    try {
      return await run(key, index);
    } catch (error) {
      if (errors !== "collect") throw error;
      failures++;
      return failureOutput(error);
    }
  });
  return { outputs, outcome: failures === 0 ? "done" : "partial" };
}

/** Called without a workflow, there is nothing inside to run. */
const needsWorkflow = (use: string) => (): NodeResult => {
  throw fail("node.needs_workflow", { use });
};

const parallelNode: NodeKind = {
  kind: "node",
  name: "parallel",
  description: "Runs its branches side by side and gives their outputs by name.",
  effect: "none",
  input: settingsSchema({ concurrency: COUNT, errors: ERRORS }),
  outcomes: ["partial"],
  bodies: "branches",
  run: needsWorkflow("parallel"),
  async runBodies(settings: Many, _: Call, { names, run }: NodeBodies) {
    const { outputs, outcome } = await runMany(names, settings, (name) => run(name, { number: 0, values: {} }));
    return { outcome, output: Object.fromEntries(names.map((name, index) => [name, outputs[index] ?? null])) };
  },
};

const mapNode: NodeKind = {
  kind: "node",
  name: "map",
  description: "Runs its body for each of `items`, and gives the outputs in their order.",
  effect: "none",
  input: settingsSchema({ items: { type: "array" }, concurrency: COUNT, errors: ERRORS }, ["items"]),
  outcomes: ["partial"],
  bodies: "body",
  gives: ["item", "index"],
  run: needsWorkflow("map"),
  async runBodies({ items, ...settings }: Many & { readonly items: readonly Json[] }, _: Call, { run }: NodeBodies) {
    const { outputs, outcome } = await runMany(items, settings, (item, index) =>
      run("body", { number: index, values: { item, index } }),
    );
    return { outcome, output: outputs };
  },
};

interface LoopSettings {
  readonly times?: number;
  readonly while?: Condition | string;
  readonly until?: Condition | string;
  readonly max?: number;
  readonly atMax?: "fail" | "end";
  readonly state?: Json;
}

const loopNode: NodeKind = {
  kind: "node",
  name: "loop",
  description: "Runs its body again and again; what a turn gives is the `state` of the next.",
  effect: "none",
  input: settingsSchema({
    times: { type: "integer", minimum: 0 },
    while: CONDITION,
    until: CONDITION,
    max: COUNT,
    atMax: { enum: ["fail", "end"] },
    state: {},
  }),
  outcomes: ["max"],
  bodies: "body",
  gives: ["state", "turn"],
  check: checkLoop,
  run: needsWorkflow("loop"),
  async runBodies(settings: LoopSettings, call: Call, { run }: NodeBodies) {
    const { times, max = times ?? 0, atMax = "fail" } = settings;
    let state: Json = settings.state ?? null;
    for (let turn = 0; ; turn++) {
      if (turn === times) return done(state);
      if (settings.while !== undefined && !(await holds(settings.while, state, { call, key: `while.${turn}` })))
        return done(state);
      if (turn === max && atMax === "end") return { outcome: "max", output: state };
      if (turn === max) throw fail("node.loop_endless", { max });
      state = await run("body", { number: turn, values: { state, turn } });
      if (settings.until !== undefined && (await holds(settings.until, state, { call, key: `until.${turn}` })))
        return done(state);
    }
  },
};

function checkLoop(settings: JsonObject): readonly Issue[] {
  const ways = ["times", "while", "until"].filter((name) => settings[name] !== undefined);
  if (ways.length !== 1) return [{ path: "", message: 'must say one of "times", "while" and "until"' }];
  if (ways[0] !== "times" && settings["max"] === undefined)
    return [{ path: "", message: '"max" is missing: the most turns that it may take' }];
  if (ways[0] === "times" && (settings["max"] ?? settings["atMax"]) !== undefined)
    return [{ path: "", message: '"max" and "atMax" say nothing beside "times"' }];
  return [...checkCondition(settings["while"], "while"), ...checkCondition(settings["until"], "until")];
}

const subNode: NodeKind = {
  kind: "node",
  name: "sub",
  description: "Runs its body as one node; with `input`, the body sees that as its input.",
  effect: "none",
  input: settingsSchema({ input: {} }),
  bodies: "body",
  run: needsWorkflow("sub"),
  runBodies: async (settings: { readonly input?: Json }, _: Call, { run }: NodeBodies) =>
    done(await run("body", { number: 0, values: settings.input === undefined ? {} : { input: settings.input } })),
};

/** The node kinds whose nodes hold other nodes. */
export const BODY_KINDS: readonly NodeKind[] = [parallelNode, mapNode, loopNode, subNode];
