// One piece of work in flight.
//
// 1. A call ends once; its children that are still running are cancelled then.
// 2. Cancelling goes down the tree by links, never by listeners: a long-lived parent collects nothing.
// 3. Signal, id and trace are made when somebody reads them.
import type { Action, AnyAction } from "../../action.ts";
import type { Answer, Call, Heard, HearOptions, InvokeOptions, Question, RunFrame } from "../../call.ts";
import { type Clock, sleep } from "../../clock.ts";
import { fail } from "../../errors.ts";
import type { Event, EventBodies, EventStream, EventType } from "../../event.ts";
import type { Ids } from "../../id.ts";
import type { KindName, Kinds } from "../../kind.ts";
import { createLog, type Log, type LogEntry } from "../../log.ts";
import type { Delivery, Draft } from "../../message.ts";
import type { Bounding } from "../budgets/budgets.ts";
import type { Permission } from "../plugins/permission.ts";
import type { Registry } from "../registry.ts";

/** What a call needs of its kernel. */
export interface CallHost {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly events: EventStream;
  readonly registry: Registry;
  readonly budgets: Bounding;
  readonly write: (entry: LogEntry) => void;
  /** The outermost calls in flight. */
  readonly roots: Calls;
  /** Asked before a plugin gets at something; undefined where everything is permitted. */
  readonly permission: Permission | undefined;
  /** Hears that something of a plugin failed by its own fault; undefined where nobody counts. */
  readonly fault: ((plugin: string, error: unknown) => void) | undefined;
  invoke(parent: LiveCall | undefined, action: AnyAction, input: unknown, options?: InvokeOptions): Promise<unknown>;
  send(draft: Draft, from: LiveCall | undefined): Delivery | Promise<Delivery>;
  request(draft: Draft, options: InvokeOptions, from: LiveCall | undefined): Promise<unknown>;
}

/** What a call and all below it may use up; budgets put it there. */
export interface Purse {
  /** Hears of each piece of an answer while it grows: what it costs is only known for sure at its end. */
  streamed(text: string): void;
  /** Hears that a call has ended: what that one still holds is given back. */
  ended(call: LiveCall): void;
}

/** The calls in flight under one parent, linked through themselves: joining and leaving allocate nothing. */
export class Calls {
  #first: LiveCall | undefined = undefined;

  join(call: LiveCall): void {
    call.after = this.#first;
    if (this.#first !== undefined) this.#first.before = call;
    this.#first = call;
  }

  leave(call: LiveCall): void {
    if (call.before !== undefined) call.before.after = call.after;
    else if (this.#first === call) this.#first = call.after;
    if (call.after !== undefined) call.after.before = call.before;
    call.before = undefined;
    // `after` stays: a cancel that walks the list right now must find its way on.
  }

  get first(): LiveCall | undefined {
    return this.#first;
  }

  cancel(why: (call: LiveCall) => unknown): void {
    for (let call = this.#first; call !== undefined; call = call.after) call.cancel(why(call));
  }

  /** Cancels those that match, at any depth, and says how many; what is below one that was cancelled goes with it. */
  interrupt(matches: (call: LiveCall) => boolean, why: (call: LiveCall) => unknown): number {
    let count = 0;
    for (let call = this.#first; call !== undefined; call = call.after) count += call.interrupt(matches, why);
    return count;
  }

  /** Visits every call in flight, at any depth. */
  each(visit: (call: LiveCall) => void): void {
    for (let call = this.#first; call !== undefined; call = call.after) call.each(visit);
  }
}

export class LiveCall implements Call {
  readonly action: AnyAction;
  readonly parent: LiveCall | undefined;
  run: RunFrame | undefined;
  tenant: string;
  session: string;
  /** What bounds this call and all below it; undefined where no budget applies. */
  purse: Purse | undefined;
  deadline: number | undefined;
  /** Hears of the cancel, for a caller that must not wait for work which ignores its signal. */
  cancelled: ((reason: unknown) => void) | undefined = undefined;
  /** What its caller awaits; of one with a parent, that may be nobody. */
  result: Promise<unknown> | undefined = undefined;
  /** The call that asked for this by a message: it waits for this one as a parent would. */
  asker: LiveCall | undefined = undefined;
  before: LiveCall | undefined = undefined;
  after: LiveCall | undefined = undefined;
  readonly #host: CallHost;
  readonly #number: number;
  #id: string | undefined = undefined;
  #trace: string | undefined;
  #controller: AbortController | undefined = undefined;
  #reason: unknown = undefined;
  #state: "open" | "cancelled" | "ended" = "open";
  #over = false;
  #children: Calls | undefined = undefined;
  /** Waits for what its run keeps that are under way: they too may be awaited by nobody. */
  #rests: Set<Promise<unknown>> | undefined = undefined;

  constructor(host: CallHost, action: AnyAction, parent: LiveCall | undefined, trace: string | undefined) {
    this.#host = host;
    this.#number = host.ids.next();
    this.action = action;
    this.parent = parent;
    this.#trace = trace;
    if (parent === undefined) {
      this.run = undefined;
      this.tenant = "";
      this.session = "";
      this.purse = undefined;
      this.deadline = undefined;
    } else {
      this.run = parent.run;
      this.tenant = parent.tenant;
      this.session = parent.session;
      this.purse = parent.purse;
      this.deadline = parent.deadline;
    }
    if (parent !== undefined) parent.#adopt(this);
  }

  /** Whether it waits for nothing but what its run keeps, or for calls that do. */
  get rests(): boolean {
    return (this.#rests?.size ?? 0) > 0 || this.#children?.first !== undefined;
  }

  /** Puts an outermost call where the end of the kernel finds it; one that ends in the same turn needs no place there. */
  enlist(): void {
    this.#host.roots.join(this);
  }

  /** Puts it under what bounds the call that asked for it by a message, on behalf of the same. */
  askedBy(asker: LiveCall): void {
    this.asker = asker;
    this.tenant = asker.tenant;
    this.session = asker.session;
    this.purse = asker.purse;
  }

  get id(): string {
    this.#id ??= this.#host.ids.text(this.#number);
    return this.#id;
  }

  get trace(): string {
    this.#trace ??= this.parent === undefined ? this.id : this.parent.trace;
    return this.#trace;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#state === "cancelled") this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  get log(): Log {
    const { write, clock } = this.#host;
    const from = `${this.action.kind}:${this.action.name}`;
    return createLog(from, (entry) => write({ ...entry, trace: this.trace }), clock.now);
  }

  /** Why it was cancelled; undefined while it was not. */
  get reason(): unknown {
    return this.#state === "cancelled" ? this.#reason : undefined;
  }

  /** Cancels this call if it matches, else those below it that do. */
  interrupt(matches: (call: LiveCall) => boolean, why: (call: LiveCall) => unknown): number {
    if (this.#state !== "open") return 0;
    if (!matches(this)) return this.#children?.interrupt(matches, why) ?? 0;
    this.cancel(why(this));
    return 1;
  }

  /** Visits this call and all below it. */
  each(visit: (call: LiveCall) => void): void {
    visit(this);
    this.#children?.each(visit);
  }

  cancel(reason: unknown): void {
    if (this.#state !== "open") return;
    this.#state = "cancelled";
    this.#reason = reason;
    this.#children?.cancel(() => reason);
    this.#controller?.abort(reason);
    // A caller that ended without awaiting this must not be told by a crash of the process.
    if (this.parent !== undefined) this.result?.catch(ignore);
    for (const rest of this.#rests ?? []) rest.catch(ignore);
    this.cancelled?.(reason);
  }

  /** Lets go of the parent and stops what is still running below; false when it had ended before. */
  end(): boolean {
    if (this.#over) return false;
    this.#over = true;
    // First of all, so that nothing can be begun under it by whoever hears of the cancel below.
    if (this.#state === "open") this.#state = "ended";
    this.#children?.cancel(parentEnded);
    this.purse?.ended(this);
    (this.parent === undefined ? this.#host.roots : this.parent.#children)?.leave(this);
    return true;
  }

  invoke<Input, Output>(action: Action<Input, Output>, input: Input, options?: InvokeOptions): Promise<Output> {
    // The action's own types are what run takes and gives.
    return this.#host.invoke(this, action as AnyAction, input, options) as Promise<Output>;
  }

  get<Kind extends KindName>(kind: Kind, name: string): Kinds[Kind] {
    this.#host.permission?.checkUse(this, kind);
    // A shelf holds only things of its kind: provide is typed by it.
    return this.#host.registry.get(kind, name) as Kinds[Kind];
  }

  find<Kind extends KindName>(kind: Kind, name?: string): Kinds[Kind] | undefined {
    this.#host.permission?.checkUse(this, kind);
    return this.#host.registry.find(kind, name) as Kinds[Kind] | undefined;
  }

  list<Kind extends KindName>(kind: Kind): readonly Kinds[Kind][] {
    this.#host.permission?.checkUse(this, kind);
    return this.#host.registry.list(kind) as readonly Kinds[Kind][];
  }

  emit<Type extends EventType>(type: Type, body: EventBodies[Type]): void {
    if (type === "action.delta") {
      this.#stream((body as EventBodies["action.delta"]).body);
      return;
    }
    const { events, clock } = this.#host;
    const { kind, name } = this.action;
    if (!events.wanted(type, kind)) return;
    events.tell({ type, at: clock.now(), trace: this.trace, call: this.id, kind, name, ...body } as unknown as Event);
  }

  send(draft: Draft): Delivery | Promise<Delivery> {
    if (this.run === undefined) return this.#host.send(draft, this);
    return this.invoke(
      saying("send", (given) => this.#host.send(given, this)),
      draft,
    );
  }

  request(draft: Draft, options: InvokeOptions = {}): Promise<unknown> {
    if (this.run === undefined) return this.#host.request(draft, options, this);
    const step = options.key === undefined ? {} : { key: options.key };
    return this.invoke(
      saying("request", () => this.#host.request(draft, options, this)),
      draft,
      step,
    );
  }

  now(): Promise<number> {
    return this.run?.now() ?? Promise.resolve(this.#host.clock.now());
  }

  random(): Promise<number> {
    return this.run?.random() ?? Promise.resolve(this.#host.ids.random());
  }

  uniqueId(): Promise<string> {
    return this.run?.uniqueId() ?? Promise.resolve(this.#host.ids.unique());
  }

  sleep(ms: number): Promise<void> {
    return this.run === undefined ? sleep(this.#host.clock, ms, this.signal) : this.#rest(this.run.sleep(ms));
  }

  ask(question: Question): Promise<Answer> {
    if (this.run === undefined) return Promise.reject(fail("call.needs_run", { what: "ask" }));
    return this.#rest(this.run.ask(question));
  }

  hear(name: string, options?: HearOptions): Promise<Heard | undefined> {
    if (this.run === undefined) return Promise.reject(fail("call.needs_run", { what: "hear" }));
    return this.#rest(this.run.hear(name, options));
  }

  /** Waits for what its run keeps: that goes on in another process as well as in this. */
  #rest<T>(wait: Promise<T>): Promise<T> {
    const rests = this.#rests ?? new Set();
    this.#rests = rests;
    const follow = async () => {
      try {
        return await wait;
      } finally {
        rests.delete(rest);
      }
    };
    const rest = follow();
    rests.add(rest);
    return rest;
  }

  /** Written out: these come by the thousand, and putting head and body together costs as much as delivering. */
  #stream(body: string): void {
    this.purse?.streamed(body);
    const { events, clock } = this.#host;
    const { kind, name } = this.action;
    if (!events.wanted("action.delta", kind)) return;
    const { trace, id } = this;
    events.tell({ type: "action.delta", at: clock.now(), trace, call: id, kind, name, body });
  }

  #adopt(child: LiveCall): void {
    if (this.#state === "cancelled") child.cancel(this.#reason);
    else if (this.#state === "ended") child.cancel(parentEnded(child));
    this.#children ??= new Calls();
    this.#children.join(child);
  }
}

/** Under a run, what is said is a step like any other: a replay does not say it again. */
function saying<Output>(name: string, say: (draft: Draft) => Output | Promise<Output>): Action<Draft, Output> {
  return { kind: "message", name, run: say };
}

function parentEnded({ action: { kind, name } }: LiveCall): unknown {
  return fail("call.parent_ended", { kind, name }, { stack: false });
}

function ignore(): void {}
