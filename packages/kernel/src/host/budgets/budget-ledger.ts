// The accounts of one budget.
//
// 1. An account is found by whom it belongs to; one of a window that is past is never found again.
// 2. At most MOST_ACCOUNTS at a time. Forgotten are those of past windows, those that nothing was used of, and those
//    that can be read again from the store; one that still bounds somebody is kept, and a newcomer is refused instead.
import type { Budget, BudgetState } from "../../budget.ts";
import { fail } from "../../errors.ts";
import { Account, type AccountHost } from "./budget-account.ts";
import { windowAt } from "./budget-window.ts";

export const MOST_ACCOUNTS = 10_000;

export class Ledger {
  readonly budget: Budget;
  readonly #host: AccountHost;
  readonly #accounts = new Map<string, Account>();
  /** No longer found by a name, but with calls in flight: what they settle still has to be kept. */
  readonly #past = new Set<Account>();

  constructor(host: AccountHost, budget: Budget) {
    this.#host = host;
    this.budget = budget;
  }

  /** The account of whom it is named, in the window of now. */
  readonly account = (of: string): Account => {
    const now = this.#host.now();
    const known = this.#accounts.get(of);
    if (known !== undefined && isCurrent(known, now)) return known;
    if (known !== undefined) this.#leave(known);
    if (this.#accounts.size >= MOST_ACCOUNTS) this.#makeRoom(now);
    const account = new Account(this.#host, this.budget, { of, window: windowAt(this.budget.per, now) });
    this.#accounts.set(of, account);
    return account;
  };

  list(): readonly BudgetState[] {
    const { of, scope } = this.budget;
    // One that there is only one of is shown before anybody used it.
    if (scope === "kernel" || of !== undefined) this.account(of ?? "");
    const now = this.#host.now();
    return [...this.#accounts.values()].filter((account) => isCurrent(account, now)).map((account) => account.state);
  }

  kept(): readonly Account[] {
    return [...this.#accounts.values(), ...this.#past].filter(({ keeping }) => keeping !== undefined);
  }

  #leave(account: Account): void {
    this.#accounts.delete(account.of);
    for (const past of this.#past) if (past.forgettable) this.#past.delete(past);
    if (account.keeping !== undefined && !account.forgettable) this.#past.add(account);
  }

  #makeRoom(now: number): void {
    for (const account of [...this.#accounts.values()]) {
      if (!isCurrent(account, now) || account.forgettable) this.#leave(account);
    }
    if (this.#accounts.size < MOST_ACCOUNTS) return;
    const { name, scope } = this.budget;
    throw fail("budget.full", { budget: name, scope, most: MOST_ACCOUNTS }, { stack: false });
  }
}

function isCurrent({ window: { ends } }: Account, now: number): boolean {
  return ends === undefined || now < ends;
}
