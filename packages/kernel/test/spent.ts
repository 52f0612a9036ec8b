import type { BudgetState, Spending } from "../src/budget.ts";
import type { Kernel } from "../src/host/kernel.ts";

/** What is spent of each budget, as `name/of`, of what its limits name; and what is still promised, if anything is. */
export function spent(kernel: Kernel): Record<string, Spending> {
  return Object.fromEntries(kernel.budgets.list().map((state) => [key(state), named(state)]));
}

function key({ name, of }: BudgetState): string {
  return of === "" ? name : `${name}/${of}`;
}

function named({ limits, spent: used, reserved }: BudgetState): Spending {
  const left = Object.entries(reserved).filter(([, value]) => Math.abs(value) > 1e-9);
  const counted = Object.entries(used).filter(([what]) => what in limits);
  return Object.fromEntries([...counted, ...left.map(([what, value]) => [`reserved ${what}`, value])]);
}
