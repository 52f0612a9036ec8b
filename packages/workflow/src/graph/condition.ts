// Conditions as data: `{ path: total, above: 100 }`, or as a script that answers true or false.
import type { Call, Issue, Json, JsonObject, JsonSchema } from "@mofa/kernel";
import { fail } from "../errors.ts";
import { readPath, valueAt } from "./template.ts";

/** What a value is asked; everything that is said must hold. */
export interface Condition extends JsonObject {
  /** Where in the value to look, like `order.items[0].price`. */
  readonly path?: string;
  readonly equals?: Json;
  readonly differs?: Json;
  readonly in?: readonly Json[];
  readonly above?: number;
  readonly below?: number;
  readonly atLeast?: number;
  readonly atMost?: number;
  /** Whether there is something else than null. */
  readonly present?: boolean;
  /** An expression of `input`, answered by the node kind `script.condition`. */
  readonly when?: string;
}

const number: JsonSchema = { type: "number" };

/** The fields of a condition, to be put beside others. */
export const CONDITION_FIELDS: JsonObject = {
  path: { type: "string", minLength: 1 },
  equals: {},
  differs: {},
  in: { type: "array" },
  above: number,
  below: number,
  atLeast: number,
  atMost: number,
  present: { type: "boolean" },
  when: { type: "string", minLength: 1 },
};

/** A condition, or just the script of one. */
export const CONDITION: JsonSchema = {
  anyOf: [
    { type: "string", minLength: 1 },
    { type: "object", properties: CONDITION_FIELDS, minProperties: 1, additionalProperties: false },
  ],
};

const PATH = /^[\p{L}_$][\p{L}\p{N}_$-]*(\.[\p{L}_$][\p{L}\p{N}_$-]*|\[\d+\]|\["[^"\\]*"\])*$/u;
const TESTS = ["equals", "differs", "in", "above", "below", "atLeast", "atMost", "present", "when"] as const;

/** What is wrong with a condition before anything is asked. */
export function checkCondition(given: Json | undefined, at: string): readonly Issue[] {
  if (typeof given !== "object" || given === null) return [];
  const { path, ...rest } = given as Condition;
  if (path !== undefined && !PATH.test(path) && !path.includes("${"))
    return [{ path: `${at}.path`, message: "must be a path like order.items[0].price" }];
  if (TESTS.some((test) => rest[test] !== undefined)) return [];
  return [{ path: at, message: `asks nothing. Say one of ${TESTS.join(", ")}` }];
}

/** Asks a value; scripts are asked under the given key, so that a replay does not ask again. */
export async function holds(given: Condition | string, value: Json, { call, key }: AskPlace): Promise<boolean> {
  if (typeof given === "string") return askScript(given, value, { call, key });
  const here = given.path === undefined ? value : valueAt(value, readPath(`.${given.path}`));
  const { equals, differs, in: among, present, when } = given;
  if (equals !== undefined && !same(here, equals)) return false;
  if (differs !== undefined && same(here, differs)) return false;
  if (among !== undefined && !among.some((each) => same(here, each))) return false;
  if (present !== undefined && (here !== null) !== present) return false;
  if (!ordered(given, here)) return false;
  return when === undefined ? true : askScript(when, here, { call, key });
}

interface AskPlace {
  readonly call: Call;
  readonly key: string;
}

async function askScript(source: string, input: Json, { call, key }: AskPlace): Promise<boolean> {
  const { outcome } = await call.invoke(call.get("node", "script.condition"), { source, input }, { key });
  return outcome === "yes";
}

const ORDER: readonly (readonly [keyof Condition, (value: number, bound: number) => boolean])[] = [
  ["above", (value, bound) => value > bound],
  ["below", (value, bound) => value < bound],
  ["atLeast", (value, bound) => value >= bound],
  ["atMost", (value, bound) => value <= bound],
];

function ordered(given: Condition, here: Json): boolean {
  return ORDER.every(([name, compare]) => {
    const bound = given[name];
    if (typeof bound !== "number") return true;
    if (typeof here !== "number")
      throw fail("node.not_ordered", { test: JSON.stringify(given), got: JSON.stringify(here) });
    return compare(here, bound);
  });
}

function same(left: Json, right: Json): boolean {
  if (typeof left !== "object" || left === null) return left === right;
  if (typeof right !== "object" || right === null || Array.isArray(left) !== Array.isArray(right)) return false;
  const keys = Object.keys(left);
  if (keys.length !== Object.keys(right).length) return false;
  const [one, two] = [left as JsonObject, right as JsonObject];
  return keys.every((key) => Object.hasOwn(two, key) && same(one[key] ?? null, two[key] ?? null));
}
