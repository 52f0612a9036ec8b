import type { Call, Issue, Json, JsonObject, JsonSchema, NodeKind, NodeResult } from "@mofa/kernel";
import { CONDITION_FIELDS, type Condition, checkCondition, holds } from "./condition.ts";
import { settingsSchema, TEXT } from "./settings.ts";

/** A name that is not taken by what the graph itself says of a node. */
const OUTCOME: JsonSchema = { ...TEXT, not: { enum: ["failed", "skipped", "done", "else", "none"] } };

const named = (more: JsonObject): JsonSchema => ({
  type: "array",
  minItems: 1,
  items: {
    type: "object",
    properties: { name: OUTCOME, ...CONDITION_FIELDS, ...more },
    required: ["name"],
    additionalProperties: false,
  },
});

type Named = Condition & { readonly name: string };

export const switchNode: NodeKind = {
  kind: "node",
  name: "switch",
  description: "Ends with the name of the first of `cases` that holds for `value`, or with `else`.",
  effect: "none",
  input: settingsSchema({ value: {}, cases: named({}) }, ["value", "cases"]),
  outcomesOf: ({ cases }) => namesOf(cases, ["else"]),
  check: ({ cases }) => checkNamed(cases, "cases"),
  async run({ value, cases }: { value: Json; cases: readonly Named[] }, call: Call): Promise<NodeResult> {
    for (const each of cases) {
      if (await holds(each, value, { call, key: `case.${each.name}` })) return { outcome: each.name, output: value };
    }
    return { outcome: "else", output: value };
  },
};

interface Rule extends Condition {
  readonly name: string;
  /** Higher ones are asked first. */
  readonly priority?: number;
  /** What it gives when it holds. */
  readonly gives?: Json;
}

interface RuleSettings {
  readonly value: Json;
  readonly rules: readonly Rule[];
  readonly match?: "first" | "all";
}

export const ruleNode: NodeKind = {
  kind: "node",
  name: "rule",
  description: "Asks `rules` of a `value`: the first that holds gives the outcome and the output, or all that hold do.",
  effect: "none",
  input: settingsSchema(
    {
      value: {},
      rules: named({ priority: { type: "number" }, gives: {} }),
      match: { enum: ["first", "all"] },
    },
    ["value", "rules"],
  ),
  outcomesOf: ({ rules, match }) => {
    if (typeof match === "string" && match.includes("${")) return undefined;
    return match === "all" ? ["none"] : namesOf(rules, ["none"]);
  },
  check: ({ rules }) => checkNamed(rules, "rules"),
  run: ({ value, rules, match = "first" }: RuleSettings, call: Call) => {
    // A stable sort: of equal priority, the order of the file counts.
    const ordered = rules.toSorted((left, right) => (right.priority ?? 0) - (left.priority ?? 0));
    return match === "first" ? firstRule(ordered, value, call) : allRules(ordered, value, call);
  },
};

const ask = (rule: Rule, value: Json, call: Call) => holds(rule, value, { call, key: `rule.${rule.name}` });

async function firstRule(rules: readonly Rule[], value: Json, call: Call): Promise<NodeResult> {
  for (const rule of rules) {
    if (await ask(rule, value, call)) return { outcome: rule.name, output: rule.gives ?? null };
  }
  return { outcome: "none", output: null };
}

async function allRules(rules: readonly Rule[], value: Json, call: Call): Promise<NodeResult> {
  const answers = await Promise.all(rules.map((rule) => ask(rule, value, call)));
  const held = rules.filter((_, index) => answers[index]);
  const output = held.map(({ name, gives }) => ({ rule: name, gives: gives ?? null }));
  return { outcome: held.length === 0 ? "none" : "done", output };
}

function namesOf(list: Json | undefined, more: readonly string[]): readonly string[] | undefined {
  if (!Array.isArray(list)) return undefined;
  const names = list.map((each: Json) => (each as JsonObject | null)?.["name"]);
  if (names.some((name) => typeof name !== "string" || name.includes("${"))) return undefined;
  return [...(names as readonly string[]), ...more];
}

function checkNamed(list: Json | undefined, at: string): readonly Issue[] {
  if (!Array.isArray(list)) return [];
  const seen = new Set<unknown>();
  return list.flatMap((each: Json, index): readonly Issue[] => {
    if (typeof each !== "object" || each === null) return [];
    const { name } = each as Named;
    if (seen.size === seen.add(name).size)
      return [{ path: `${at}[${index}].name`, message: `"${name}" is named twice` }];
    return checkCondition(each, `${at}[${index}]`);
  });
}
