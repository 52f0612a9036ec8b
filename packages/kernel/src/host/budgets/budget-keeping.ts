// What was used of one account, in a document that several processes share.
//
// 1. The document holds what is spent and promised by everyone. A promise is written before it is given, so a crash
//    leaves too much counted, never too little.
// 2. One write at a time; what is asked for or settled meanwhile goes into the next one.
// 3. Every change is compare-and-set on what was just read; whoever loses reads again and decides again.
// 4. A change whose write failed is not forgotten: it goes with the next write, and at the latest with `flush`. When it
//    may have been written all the same, only what adds to the account is written again.
import type { BudgetLimits, Spending } from "../../budget.ts";
import { isMofaError, toErrorJson } from "../../error.ts";
import { fail } from "../../errors.ts";
import type { Json } from "../../json.ts";
import type { Document, Store } from "../../kinds/store.ts";
import type { LogEntry } from "../../log.ts";
import {
  type Amounts,
  type Ask,
  add,
  amountOf,
  COUNTED,
  fit,
  type Grant,
  isNothing,
  nothing,
  within,
} from "./spending.ts";

export interface KeepingHost {
  /** The store of this moment: it may be replaced while an account lives. */
  store(): Store | undefined;
  now(): number;
  readonly write: (entry: LogEntry) => void;
}

/** Which document, of which budget. */
export interface Kept {
  readonly id: string;
  readonly budget: string;
  readonly limits: BudgetLimits;
  /** What is used: brought up to date with every look at the document. */
  readonly used: Amounts;
}

interface Waiting {
  readonly ask: Ask;
  resolve(grant: Grant): void;
  reject(error: unknown): void;
}

interface Decided {
  readonly total: Amounts;
  readonly grants: readonly Grant[];
}

// Somebody wins every round, so this many lost in a row is a store that does not compare as it should.
const MOST_ROUNDS = 200;

export class Keeping {
  readonly #host: KeepingHost;
  readonly #kept: Kept;
  #waiting: Waiting[] = [];
  #unwritten = nothing();
  #working: Promise<void> | undefined = undefined;

  constructor(host: KeepingHost, kept: Kept) {
    this.#host = host;
    this.#kept = kept;
  }

  get idle(): boolean {
    return this.#working === undefined && isNothing(this.#unwritten);
  }

  /** Takes room, if there is any when everybody's use is known. */
  take(ask: Ask): Promise<Grant> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ ask, resolve, reject });
      this.#begin();
    });
  }

  /** Writes a change down that was made to what is used. */
  changed(by: Spending): void {
    if (isNothing(by)) return;
    add(this.#unwritten, by);
    this.#begin();
  }

  /** Resolves when everything is written, or cannot be. */
  async flush(): Promise<void> {
    await this.#working;
    if (isNothing(this.#unwritten)) return;
    this.#begin();
    await this.#working;
  }

  #begin(): void {
    this.#working ??= this.#work();
  }

  async #work(): Promise<void> {
    // What comes in the same turn goes into one write.
    await Promise.resolve();
    while (this.#waiting.length > 0 || !isNothing(this.#unwritten)) {
      const waiting = this.#waiting.splice(0);
      if (!(await this.#round(waiting)) && waiting.length === 0) break;
    }
    this.#working = undefined;
  }

  async #round(waiting: readonly Waiting[]): Promise<boolean> {
    const change = this.#unwritten;
    this.#unwritten = nothing();
    try {
      const { total, grants } = await this.#commit(change, waiting);
      Object.assign(this.#kept.used, total);
      add(this.#kept.used, this.#unwritten);
      for (const [index, { resolve }] of waiting.entries()) resolve(grants[index] ?? 0);
      return true;
    } catch (error) {
      add(this.#unwritten, change);
      for (const { reject } of waiting) reject(error);
      this.#report(error);
      return false;
    }
  }

  async #commit(change: Amounts, waiting: readonly Waiting[]): Promise<Decided> {
    const { id, budget } = this.#kept;
    for (let round = 1; ; round++) {
      const store = this.#host.store();
      if (store === undefined) throw fail("budget.no_store", { budget });
      const document = await store.get(id);
      const decided = this.#decide(document, change, waiting);
      const same = isNothing(change) && decided.grants.every((grant) => typeof grant !== "number");
      if (same) return decided;
      try {
        await store.put(id, { ...decided.total }, { version: document?.version ?? 0 });
        return decided;
      } catch (error) {
        if (isMofaError(error, "document.conflict") && round < MOST_ROUNDS) continue;
        if (!isMofaError(error, "document.conflict")) this.#doubt(change);
        throw error;
      }
    }
  }

  #decide(document: Document | undefined, change: Amounts, waiting: readonly Waiting[]): Decided {
    const total = readAmounts(document?.body);
    add(total, change);
    const grants = waiting.map(({ ask }) => {
      const grant = fit(this.#kept.limits, total, ask);
      if (typeof grant === "number") add(total, within(this.#kept.limits, amountOf(ask, grant)));
      return grant;
    });
    return { total, grants };
  }

  /** It may be written or not: what gave room back is not given back a second time. */
  #doubt(change: Amounts): void {
    for (const what of COUNTED) change[what] = Math.max(0, change[what]);
  }

  #report(error: unknown): void {
    const { code, message } = toErrorJson(error);
    const { budget, id } = this.#kept;
    const text = `The budget "${budget}" could not be kept in the store: ${message}`;
    this.#host.write({ at: this.#host.now(), level: "error", from: "budgets", message: text, data: { code, id } });
  }
}

function readAmounts(body: Json | undefined): Amounts {
  const amounts = nothing();
  if (typeof body !== "object" || body === null || Array.isArray(body)) return amounts;
  for (const what of COUNTED) {
    const value = (body as Readonly<Record<string, Json>>)[what];
    if (typeof value === "number") amounts[what] = value;
  }
  return amounts;
}
