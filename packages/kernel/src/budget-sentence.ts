import type { BudgetScope } from "./budget.ts";

/** What `budget.exceeded` says. */
export interface Exceeded {
  readonly budget: string;
  readonly scope: BudgetScope;
  /** Whose: the agent, session or tenant, or "". */
  readonly of: string;
  readonly what: "tokens" | "cost" | "ms" | "calls" | "depth";
  readonly limit: number;
  /** Spent, or promised to work in flight. */
  readonly spent: number;
  /** What did not fit any more; 0 where it was crossed by work that had begun. */
  readonly wanted: number;
  /** Epoch milliseconds when the budget begins anew; absent for one that never does. */
  readonly resets?: number;
}

/** Says which budget has no room left, and what to do about it. */
export function sayExceeded(exceeded: Exceeded): string {
  const { budget, scope, of, what, limit, spent, wanted, resets } = exceeded;
  const whose = of === "" ? OF_SCOPE[scope] : `the ${scope} "${of}"`;
  const wait =
    resets === undefined
      ? " or raise the limit"
      : `, raise the limit, or wait until ${new Date(resets).toISOString()}, when it begins anew`;
  if (what === "depth")
    return `The budget "${budget}" of ${whose} lets calls nest ${limit} deep, and this one would be at depth ${wanted}. Nest less, or raise the limit.`;
  const more = wanted > 0 ? ` and this asks for ${amount(what, wanted)}` : "";
  const state = `${amount(what, spent)} of ${amount(what, limit)} are spent or promised${more}`;
  return `The budget "${budget}" of ${whose} has no room left: ${state}. Ask for less${wait}.`;
}

const OF_SCOPE: Readonly<Record<BudgetScope, string>> = {
  call: "this call",
  agent: "the agent",
  session: "the session",
  tenant: "the tenant",
  kernel: "the whole kernel",
};

function amount(what: Exceeded["what"], value: number): string {
  if (what === "cost") return `$${Number(value.toPrecision(6))}`;
  return `${Math.round(value)} ${what}`;
}
