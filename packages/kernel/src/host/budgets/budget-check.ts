import type { Budget, BudgetLimits, Spending } from "../../budget.ts";
import { fail } from "../../errors.ts";
import { COUNTED } from "./spending.ts";

const SCOPES: readonly string[] = ["call", "agent", "session", "tenant", "kernel"];
const KEYS: readonly string[] = ["name", "scope", "of", "per", "keep", "limits"];
const LIMITS: readonly string[] = [...COUNTED, "depth"];
// It is one piece of a document's id.
const NAME = /^[\p{L}\p{N}_.:@-]{1,64}$/u;

/** Refuses a budget that could not mean what it says. */
export function checkBudget(budget: Budget): Budget {
  const { name, scope, of, per, keep, limits } = budget;
  const refuse = (problem: string) => fail("budget.bad", { budget: String(name), problem });
  const unknown = Object.keys(budget).find((key) => !KEYS.includes(key));
  if (unknown !== undefined) throw refuse(`"${unknown}" is no part of a budget`);
  if (typeof name !== "string" || !NAME.test(name))
    throw refuse("its name must be 1 to 64 letters, digits, dots, colons, dashes or underscores");
  if (!SCOPES.includes(scope)) throw refuse(`its scope must be one of ${SCOPES.join(", ")}`);
  if (of !== undefined && (scope === "call" || scope === "kernel")) throw refuse(`"of" means nothing for a ${scope}`);
  if (of !== undefined && (typeof of !== "string" || of === "")) throw refuse(`"of" must name one ${scope}`);
  if (per !== undefined && per !== "day") throw refuse('"per" must be "day", or be left out');
  if (per !== undefined && scope === "call") throw refuse("a call budget begins anew with each call, not each day");
  if (keep === true && scope === "call") throw refuse("a call budget ends with its call, so it cannot be kept");
  checkLimits(limits, refuse);
  return budget;
}

/** Refuses the limits of one call that could not mean what they say. */
export function checkCallLimits(limits: BudgetLimits): BudgetLimits {
  checkLimits(limits, (problem) => fail("budget.bad", { budget: "call", problem }));
  return limits;
}

/** Refuses an amount that nothing could use up. */
export function checkAmount(amount: Spending): Spending {
  for (const [what, value] of Object.entries(amount)) {
    const known = (COUNTED as readonly string[]).includes(what);
    if (known && (value === undefined || (Number.isFinite(value) && value >= 0))) continue;
    const problem = `an amount of ${what} that is ${String(value)} cannot be reserved or spent`;
    throw fail("budget.bad", { budget: "call", problem });
  }
  return amount;
}

function checkLimits(limits: unknown, refuse: (problem: string) => unknown): void {
  if (typeof limits !== "object" || limits === null) throw refuse("it has no limits");
  const entries = Object.entries(limits).filter(([, limit]) => limit !== undefined);
  if (entries.length === 0) throw refuse(`it limits nothing: set ${LIMITS.join(", ")}`);
  for (const [what, limit] of entries) {
    if (!LIMITS.includes(what)) throw refuse(`"${what}" cannot be limited, only ${LIMITS.join(", ")} can`);
    if (typeof limit !== "number" || !Number.isFinite(limit) || limit < 0)
      throw refuse(`the limit of ${what} must be a number that is not negative`);
  }
}
