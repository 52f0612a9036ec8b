// Which budgets are over which call.
//
// 1. A call is under what its parent is under, or the call that asked for it by a message; its own budget comes on top.
// 2. An agent, session, tenant or day of its own changes which accounts those are, not how deep the call is in them.
import type { Budget, BudgetLimits, BudgetState } from "../../budget.ts";
import type { InvokeOptions } from "../../call.ts";
import { fail } from "../../errors.ts";
import type { LiveCall } from "../calls/live-call.ts";
import { Account, type AccountHost } from "./budget-account.ts";
import { checkBudget, checkCallLimits } from "./budget-check.ts";
import { Ledger } from "./budget-ledger.ts";
import { windowAt } from "./budget-window.ts";
import { CallPurse, type Cover, type PurseHost } from "./purse.ts";

const NO_COVERS: readonly Cover[] = [];

export class Covers {
  readonly #accounts: AccountHost;
  readonly #purses: PurseHost;
  readonly #ledgers = new Map<string, Ledger>();
  /** Accounts of calls in flight. */
  readonly #ofCalls = new Set<Account>();
  /** Of budgets that were taken away: what is in work under them still has to be kept. */
  readonly #removed = new Set<Ledger>();
  #version = 0;

  constructor(accounts: AccountHost, exceeded: PurseHost["exceeded"]) {
    this.#accounts = accounts;
    this.#purses = { exceeded, left: (account) => void this.#ofCalls.delete(account) };
  }

  get some(): boolean {
    return this.#ledgers.size > 0;
  }

  add(budget: Budget): () => void {
    const { name } = checkBudget(budget);
    if (this.#ledgers.has(name)) throw fail("budget.twice", { budget: name });
    const ledger = new Ledger(this.#accounts, Object.freeze({ ...budget }));
    this.#ledgers.set(name, ledger);
    this.#version++;
    return () => {
      if (this.#ledgers.get(name) !== ledger) return;
      this.#ledgers.delete(name);
      this.#version++;
      for (const old of this.#removed)
        if (old.kept().every(({ forgettable }) => forgettable)) this.#removed.delete(old);
      if (budget.keep === true) this.#removed.add(ledger);
    };
  }

  list(): readonly BudgetState[] {
    const named = [...this.#ledgers.values()].flatMap((ledger) => ledger.list());
    return [...named, ...[...this.#ofCalls].map((account) => account.state)];
  }

  kept(): readonly Account[] {
    return [...this.#ledgers.values(), ...this.#removed].flatMap((ledger) => ledger.kept());
  }

  /** Makes the purse of a call. */
  open(call: LiveCall, own: InvokeOptions["budget"]): CallPurse {
    const above = purseAbove(call);
    const version = this.#version;
    if (above !== undefined && own === undefined && this.#isSame(above, call)) {
      const { covers, agent } = above.place;
      return new CallPurse(this.#purses, call, { above, covers, agent, version });
    }
    const agent = agentOver(call, above);
    const covers = this.#cover(call, { above, agent, own });
    return new CallPurse(this.#purses, call, { above, covers, agent, version });
  }

  /** Whether a call is under just what the one above it is under. */
  #isSame({ call, place }: CallPurse, below: LiveCall): boolean {
    if (place.version !== this.#version || below.action.kind === "agent") return false;
    if (below.session !== call.session || below.tenant !== call.tenant) return false;
    return place.covers.every(
      ({ account: { window } }) => window.ends === undefined || this.#accounts.now() < window.ends,
    );
  }

  #cover(call: LiveCall, { above, agent, own }: Place): readonly Cover[] {
    const level = (above?.level ?? 0) + 1;
    const inherited = above?.place.covers ?? NO_COVERS;
    const covers: Cover[] = [];
    for (const ledger of this.#ledgers.values()) {
      const before = inherited.find(({ account }) => account.budget === ledger.budget);
      const account = this.#accountOf(ledger, { call, agent, before });
      if (account === undefined) continue;
      covers.push({ account, from: before?.account.of === account.of ? before.from : level, own: false });
    }
    covers.push(...inherited.filter((cover) => cover.own));
    if (own !== undefined) covers.push({ account: this.#ofCall(toBudget(own)), from: level, own: true });
    return covers.sort(memoryFirst);
  }

  #accountOf({ budget, account }: Ledger, { call, agent, before }: Belonging): Account | undefined {
    const { scope } = budget;
    if (scope === "call") return before?.account ?? this.#ofCall(budget);
    if (scope === "kernel") return account("");
    const of = { agent, session: call.session, tenant: call.tenant }[scope];
    return of === "" || of !== (budget.of ?? of) ? undefined : account(of);
  }

  #ofCall(budget: Budget): Account {
    const account = new Account(this.#accounts, budget, { of: "", window: windowAt(undefined, 0) });
    this.#ofCalls.add(account);
    return account;
  }
}

interface Place {
  readonly above: CallPurse | undefined;
  readonly agent: string;
  readonly own: BudgetLimits | undefined;
}

interface Belonging {
  readonly call: LiveCall;
  readonly agent: string;
  readonly before: Cover | undefined;
}

function toBudget(limits: BudgetLimits): Budget {
  return { name: "call", scope: "call", limits: checkCallLimits(limits) };
}

/** What a call has when it begins is the purse of its parent; passing again, it has one of its own. */
function purseAbove(call: LiveCall): CallPurse | undefined {
  const { purse } = call;
  if (!(purse instanceof CallPurse)) return undefined;
  if (purse.call !== call) return purse;
  purse.close();
  return purse.place.above;
}

/** The nearest agent: this call, or one above it, which may have begun before there was a budget. */
function agentOver(call: LiveCall, above: CallPurse | undefined): string {
  for (let next: LiveCall | undefined = call; next !== undefined; next = next.parent ?? next.asker) {
    if (next.action.kind === "agent") return next.action.name;
    if (above !== undefined && next === above.call) return above.place.agent;
  }
  return "";
}

/** Those that are kept in a store answer later, so the others decide first. */
function memoryFirst(left: Cover, right: Cover): number {
  return Number(left.account.keeping !== undefined) - Number(right.account.keeping !== undefined);
}
