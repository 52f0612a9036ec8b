// What one agent, session, tenant, call or kernel has used of one budget in one window.
//
// 1. `used` is what is spent and promised together; `reserved` is the part of it that this process promised.
// 2. Only what the limits name is counted.
// 3. Time runs for every outermost call at work; one timer stands where the limit will be crossed if nothing changes.
import type { Budget, BudgetState, Spending } from "../../budget.ts";
import type { Exceeded } from "../../budget-sentence.ts";
import type { Clock } from "../../clock.ts";
import { Keeping, type KeepingHost } from "./budget-keeping.ts";
import type { Window } from "./budget-window.ts";
import { type Amounts, type Ask, add, amountOf, fit, type Grant, isNothing, nothing, within } from "./spending.ts";

export interface AccountHost extends KeepingHost {
  readonly clock: Clock;
}

/** Work whose time an account counts. */
export interface Timed {
  /** Hears that the time is up. */
  timeUp(account: Account): void;
}

export class Account {
  readonly budget: Budget;
  readonly of: string;
  readonly window: Window;
  /** Where it is kept beyond this process; undefined for one that is not. */
  readonly keeping: Keeping | undefined;
  /** Outermost calls in flight that it covers. */
  holders = 0;
  readonly #clock: Clock;
  readonly #used = nothing();
  readonly #reserved = nothing();
  readonly #timed = new Set<Timed>();
  #since = 0;
  #clear: (() => void) | undefined = undefined;
  #settled: (() => void)[] = [];

  constructor(host: AccountHost, budget: Budget, place: { readonly of: string; readonly window: Window }) {
    this.#clock = host.clock;
    this.budget = budget;
    this.of = place.of;
    this.window = place.window;
    const id = `budget/${budget.name}/${place.of}/${place.window.name}`;
    const kept = { id, budget: budget.name, limits: budget.limits, used: this.#used };
    this.keeping = budget.keep === true ? new Keeping(host, kept) : undefined;
  }

  /** Whether forgetting it would let nobody use more than the limits say. */
  get forgettable(): boolean {
    if (this.holders > 0) return false;
    return this.keeping === undefined ? isNothing(this.#used) : this.keeping.idle;
  }

  /** Whether anything in flight may still change what is spent. */
  get busy(): boolean {
    return this.#timed.size > 0 || !isNothing(this.#reserved);
  }

  get state(): BudgetState {
    this.#accrue();
    const spent = { ...this.#used };
    add(spent, this.#reserved, -1);
    const { name, scope, limits } = this.budget;
    const resets = this.window.ends === undefined ? {} : { resets: this.window.ends };
    return { name, scope, of: this.of, limits, spent, reserved: { ...this.#reserved }, ...resets };
  }

  get callsLeft(): number {
    const { calls } = this.budget.limits;
    return calls === undefined ? Number.POSITIVE_INFINITY : calls - this.#used.calls;
  }

  /** Counts one call of an account that is not kept: what comes before every action costs no more than an addition. */
  countCall(): void {
    if (this.budget.limits.calls !== undefined) this.#used.calls++;
  }

  take(ask: Ask): Grant | Promise<Grant> {
    if (this.keeping !== undefined) return this.keeping.take(ask).then((grant) => this.#promise(ask, grant));
    this.#accrue();
    const grant = fit(this.budget.limits, this.#used, ask);
    if (typeof grant === "number") add(this.#used, this.#counted(amountOf(ask, grant)));
    return this.#promise(ask, grant);
  }

  /** Turns a promise into what was really spent. */
  settle(promised: Spending, spent: Spending): void {
    const given = this.#counted(promised);
    add(this.#reserved, given, -1);
    const change = this.#counted(spent);
    add(change, given, -1);
    this.#count(change);
    // Time can be reserved too, and then the limit is nearer or farther than it was.
    if (change.ms !== 0) this.#arm();
    this.#wake();
  }

  /** Resolves when it is not busy. */
  settled(): Promise<void> {
    return this.busy ? new Promise((resolve) => this.#settled.push(resolve)) : Promise.resolve();
  }

  /** Begins to count the time of an outermost call. */
  start(timed: Timed): void {
    this.#accrue();
    this.#since = this.#clock.monotonic();
    this.#timed.add(timed);
    this.#arm();
  }

  stop(timed: Timed): void {
    this.#accrue();
    if (!this.#timed.delete(timed)) return;
    this.#arm();
    this.#wake();
  }

  /** What the error says when there is no room for something. */
  exceeded(what: Exceeded["what"], wanted: number): Exceeded {
    const { name, scope, limits } = this.budget;
    const resets = this.window.ends === undefined ? {} : { resets: this.window.ends };
    const spent = what === "depth" ? wanted - 1 : this.#used[what];
    return { budget: name, scope, of: this.of, what, limit: limits[what] ?? 0, spent, wanted, ...resets };
  }

  #promise(ask: Ask, grant: Grant): Grant {
    if (typeof grant === "number") add(this.#reserved, this.#counted(amountOf(ask, grant)));
    if (ask.base.ms !== undefined) this.#arm();
    return grant;
  }

  #counted(amount: Spending): Amounts {
    return within(this.budget.limits, amount);
  }

  #count(change: Spending): void {
    add(this.#used, change);
    this.keeping?.changed(change);
  }

  #accrue(): void {
    if (this.#timed.size === 0) return;
    const now = this.#clock.monotonic();
    const ms = (now - this.#since) * this.#timed.size;
    this.#since = now;
    if (ms > 0) this.#count({ ms });
  }

  #arm(): void {
    this.#accrue();
    this.#clear?.();
    this.#clear = undefined;
    const { ms } = this.budget.limits;
    if (ms === undefined || this.#timed.size === 0) return;
    // Whole milliseconds: a timer that comes a hair too early would come again and again.
    const left = Math.ceil(Math.max(0, ms - this.#used.ms) / this.#timed.size);
    this.#clear = this.#clock.after(left, () => this.#check(ms));
  }

  #check(limit: number): void {
    this.#accrue();
    if (this.#used.ms < limit) {
      this.#arm();
      return;
    }
    this.#clear = undefined;
    // Whoever does not care that time is up must not make the account grow for ever.
    const late = [...this.#timed];
    this.#timed.clear();
    for (const timed of late) timed.timeUp(this);
    this.#wake();
  }

  #wake(): void {
    if (this.#settled.length === 0 || this.busy) return;
    for (const resolve of this.#settled.splice(0)) resolve();
  }
}
