import type { BudgetLimits, Spending } from "../../budget.ts";
import type { Exceeded } from "../../budget-sentence.ts";

/** What is added up; depth is only compared. */
export type Counted = Exclude<Exceeded["what"], "depth">;
export type Amounts = Record<Counted, number>;

export const COUNTED = ["calls", "ms", "tokens", "cost"] as const satisfies readonly Counted[];

// Sums of dollars are off by their last binary digits.
const DUST = 1e-9;

/** What somebody wants: a base, and of `unit` as many as there is room for, up to `units`, but at least one. */
export interface Ask {
  readonly base: Spending;
  readonly unit: Spending;
  readonly units: number;
  /** Of these something must be left, however much it is that will be used. */
  readonly some: readonly Counted[];
}

/** What there was no room for. */
interface Refusal {
  readonly what: Counted;
  readonly wanted: number;
}

/** How many units were granted, or why nothing was. */
export type Grant = number | Refusal;

export function askFor(base: Spending, some: readonly Counted[] = []): Ask {
  return { base, unit: {}, units: 0, some };
}

export function nothing(): Amounts {
  return { calls: 0, ms: 0, tokens: 0, cost: 0 };
}

/** Adds an amount so many times. */
export function add(to: Amounts, amount: Spending, times = 1): void {
  for (const what of COUNTED) to[what] += (amount[what] ?? 0) * times;
}

/** What an ask takes when it is granted so many units. */
export function amountOf({ base, unit }: Ask, units: number): Amounts {
  const amount = nothing();
  add(amount, base);
  add(amount, unit, units);
  return amount;
}

/** Leaves only what the limits name: nothing else is counted. */
export function within(limits: BudgetLimits, amount: Spending): Amounts {
  const counted = nothing();
  for (const what of COUNTED) if (limits[what] !== undefined) counted[what] = amount[what] ?? 0;
  return counted;
}

export function isNothing(amount: Spending): boolean {
  return COUNTED.every((what) => (amount[what] ?? 0) === 0);
}

/** Whether an ask touches anything that is limited. */
export function concerns(limits: BudgetLimits, { base, unit, some }: Ask): boolean {
  return COUNTED.some(
    (what) => limits[what] !== undefined && (Boolean(base[what]) || Boolean(unit[what]) || some.includes(what)),
  );
}

/** How many units there is room for beside what is used. */
export function fit(limits: BudgetLimits, used: Amounts, ask: Ask): Grant {
  let { units } = ask;
  for (const what of COUNTED) {
    const limit = limits[what];
    if (limit === undefined) continue;
    const room = limit - used[what];
    const base = ask.base[what] ?? 0;
    const unit = ask.unit[what] ?? 0;
    const least = ask.units > 0 ? base + unit : base;
    const blocked = least > 0 ? least > room + DUST : room <= 0 && ask.some.includes(what);
    if (blocked) return { what, wanted: base + unit * ask.units };
    if (unit > 0) units = Math.min(units, Math.floor((room - base + DUST) / unit));
  }
  // The dust may have let one through for which there is, by a hair, no room.
  return ask.units > 0 ? Math.max(1, units) : 0;
}
