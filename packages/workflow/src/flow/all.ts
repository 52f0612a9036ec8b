// Branches side by side, with a limit.
//
// 1. Each branch has a call of its own; when one fails and that is not collected, the others are stopped.
// 2. What all came to is one kept step: a later life enters no branch again, and no other failure comes first.
import { type Call, toErrorJson } from "@mofa/kernel";
import { fail } from "../errors.ts";
import { forEach } from "../graph/for-each.ts";
import { type Branch, runBranch, runKept, type Settled } from "./branch.ts";

export interface AllOptions {
  /** Branches at work at a time. Default: all. */
  readonly concurrency?: number;
  /** The first failure stops the others and is thrown, or each gives its `value` or `error`. Default `fail`. */
  readonly errors?: "fail" | "collect";
  /** Names this among others of as many branches that may be begun at the same time under one call. */
  readonly key?: string;
}

type Collecting = AllOptions & { readonly errors: "collect" };
type Branches = readonly Branch[] | Readonly<Record<string, Branch>>;
type Results<B extends Branches> = { -readonly [Name in keyof B]: B[Name] extends Branch<infer T> ? T : never };
type SettledResults<B extends Branches> = {
  -readonly [Name in keyof B]: B[Name] extends Branch<infer T> ? Settled<T> : never;
};

/** Runs branches side by side, and gives what they came to in the same order, or by the same names. */
export function all<const B extends Branches>(call: Call, branches: B, options: Collecting): Promise<SettledResults<B>>;
export function all<const B extends Branches>(call: Call, branches: B, options?: AllOptions): Promise<Results<B>>;
export async function all(call: Call, branches: Branches, options: AllOptions = {}): Promise<unknown> {
  const listed = Array.isArray(branches);
  const entries = Object.entries<Branch>(branches as Readonly<Record<string, Branch>>);
  const results = await runAll(call, "all", { entries, options });
  return listed ? entries.map(([name]) => results[name]) : results;
}

/** Does something for each item side by side, and gives the results in their order. */
export function map<Item, Output>(
  call: Call,
  items: readonly Item[],
  work: (item: Item, call: Call, index: number) => Output | Promise<Output>,
  options: Collecting,
): Promise<Settled<Output>[]>;
export function map<Item, Output>(
  call: Call,
  items: readonly Item[],
  work: (item: Item, call: Call, index: number) => Output | Promise<Output>,
  options?: AllOptions,
): Promise<Output[]>;
// A fourth parameter, because the one before it is where people write the work.
export async function map<Item>(
  call: Call,
  items: readonly Item[],
  work: (item: Item, call: Call, index: number) => unknown,
  options: AllOptions = {},
): Promise<unknown[]> {
  const entries = items.map((item, index): readonly [string, Branch] => [
    String(index),
    (own) => work(item, own, index),
  ]);
  const results = await runAll(call, "map", { entries, options });
  return entries.map(([name]) => results[name]);
}

interface Many {
  readonly entries: readonly (readonly [string, Branch])[];
  readonly options: AllOptions;
}

function runAll(call: Call, name: string, { entries, options }: Many): Promise<Readonly<Record<string, unknown>>> {
  const { concurrency = entries.length, errors = "fail", key } = options;
  if (entries.length > 0 && !(Number.isInteger(concurrency) && concurrency > 0))
    throw fail("flow.bad_concurrency", { given: String(concurrency) });
  const names = entries.map(([each]) => each);
  const run = async (own: Call) => {
    const settle = errors === "fail" ? runBranch : collected;
    const results = await forEach(entries, concurrency, ([each, branch]) => settle(own, each, branch));
    return Object.fromEntries(names.map((each, index) => [each, results[index]]));
  };
  return runKept(call, name, { key, names, run });
}

async function collected(call: Call, name: string, branch: Branch): Promise<Settled<unknown>> {
  try {
    return { value: await runBranch(call, name, branch) };
  } catch (error) {
    // Stopped with all the others: that is no result of this branch.
    if (call.signal.aborted) throw error;
    const { code, message } = toErrorJson(error);
    return { error: { code, message } };
  }
}
