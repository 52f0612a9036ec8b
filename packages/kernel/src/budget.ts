import type { Call } from "./call.ts";

/** What work uses up. */
export interface Spending {
  /** Tokens in and out together. */
  readonly tokens?: number;
  /** US dollars. */
  readonly cost?: number;
  /** Milliseconds of work, waiting included. */
  readonly ms?: number;
  /** Calls of actions, of every kind and effect. */
  readonly calls?: number;
}

/** The most that may be used up; what is left out is neither bounded nor counted. */
export interface BudgetLimits extends Spending {
  /** How deep calls may nest: 1 is the outermost call that the budget covers. */
  readonly depth?: number;
}

/** Who shares a budget: one call with all below it, one agent, session or tenant, or everything in this kernel. */
export type BudgetScope = "call" | "agent" | "session" | "tenant" | "kernel";

/**
 * A bound on what may be used up. Each `call` budget is counted anew for every outermost call; an `agent` budget covers
 * what has that agent as its nearest; calls without a session or tenant are covered by no budget of that scope.
 *
 * `ms` is wall time of the outermost covered call: what it waits for in parallel counts once. Outermost calls that are
 * at work at the same time add up.
 */
export interface Budget {
  /** Names it in errors. */
  readonly name: string;
  readonly scope: BudgetScope;
  /** Which agent, session or tenant; default: each has one of its own. */
  readonly of?: string;
  /** `day` begins anew at midnight, UTC; a call counts for the day in which it began. Default: never. */
  readonly per?: "day";
  /** Keeps what was used in the newest `store`, across restarts and shared between processes. Not for scope `call`. */
  readonly keep?: boolean;
  readonly limits: BudgetLimits;
}

/** How much of a budget is used and promised. */
export interface BudgetState {
  readonly name: string;
  readonly scope: BudgetScope;
  /** Whose: the agent, session or tenant, or "". */
  readonly of: string;
  readonly limits: BudgetLimits;
  /** Of what the limits name; with `keep`, of all processes, as of the last look. */
  readonly spent: Required<Spending>;
  /** Promised to work in flight, not yet spent. */
  readonly reserved: Required<Spending>;
  /** Epoch milliseconds when it begins anew; absent for one that never does. */
  readonly resets?: number;
}

/**
 * Room that was taken in every budget over a call before its work begins. Settled or released once: later attempts
 * change nothing and give false. Left open at the end of its call, it counts as spent in full. `using` releases it.
 */
export interface Reservation extends Disposable {
  /** Counts what was really used and gives back the rest. Throws `budget.bad` for what is no amount. */
  settle(spent: Spending): boolean;
  /** Gives all of it back. */
  release(): boolean;
}

/** The budgets of a kernel. */
export interface Budgets {
  readonly name: string;
  /** Adds a budget; the returned function takes it away. */
  add(budget: Budget): () => void;
  /** Takes room in every budget over a call, or rejects with `budget.exceeded`, which names the first that has none. */
  reserve(call: Call, amount: Spending): Promise<Reservation>;
  /** What is bounded now: one for each account, those of calls in flight included. */
  list(): readonly BudgetState[];
}
