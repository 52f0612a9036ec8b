// One agent: an action with an address, a mailbox and a lifecycle.
//
// 1. Every turn, by message or by invoke, goes through its one inbox: never more at a time than it declares.
//    A turn lasts until the action has ended, also when its call was cancelled and the action does not care.
// 2. Its status changes only along the transition table; a refused change changes nothing.
// 3. An agent that stops finishes what it works on; what waited is refused with the reason, or finished too where
//    another agent of its name took over. Nothing is dropped.
// 4. An agent that waits for itself, directly or through others, is refused instead of waiting for ever.
import type { Next, Step } from "../call.ts";
import { fromErrorJson, toErrorJson } from "../error.ts";
import { fail } from "../errors.ts";
import type { Agent } from "../kinds/agent.ts";
import type { AgentInfo } from "../kinds/control.ts";
import { type AgentStatus, takesWork, transition } from "../lifecycle.ts";
import type { Delivery } from "../message.ts";
import { type Bus, rejected } from "./bus.ts";
import { Envelope } from "./envelope.ts";
import { type Afterwards, Inbox } from "./inbox.ts";
import type { Invoker } from "./invoke.ts";
import { type CallHost, LiveCall } from "./live-call.ts";
import { PRIORITY_RANK } from "./mailbox.ts";
import { tellFailed, tellHandled } from "./receivers.ts";

export type AgentHost = CallHost & { readonly bus: Bus; readonly invoker: Invoker };

/** A turn that a message began: found by the options of its invoke, which nobody else has. */
export interface MessageTurn {
  readonly asker: LiveCall | undefined;
  work: Promise<unknown> | undefined;
}

/** Waits for its turn: begun by `invoke`, beside the messages. */
interface Turn {
  begin(): Promise<undefined>;
  refuse(reason: unknown): void;
}

export class AgentCell {
  readonly agent: Agent;
  status: AgentStatus = "created";
  /** What its start failed with. */
  failure: unknown = undefined;
  started: Promise<void> | undefined = undefined;
  readonly #host: AgentHost;
  readonly #inbox: Inbox<Envelope | Turn>;
  readonly #turns: WeakMap<object, MessageTurn>;
  readonly #leave: () => void;
  /** Whether its start succeeded, and so its stop is due. */
  #ready = false;
  #handled = 0;
  #failed = 0;
  #starting: AbortController | undefined = undefined;
  #stopped: Promise<void> | undefined = undefined;

  constructor(host: AgentHost, agent: Agent, turns: WeakMap<object, MessageTurn>) {
    this.#host = host;
    this.agent = agent;
    this.#turns = turns;
    this.#inbox = new Inbox({
      owner: this.address,
      batch: host.bus.batch,
      concurrency: agent.concurrency ?? 1,
      mailbox: agent.mailbox ?? {},
      work: (item) => (item instanceof Envelope ? this.#handle(item) : item.begin()),
      idle: () => this.status === "busy" && this.#become("ready"),
      left: (item, reason) => (item instanceof Envelope ? tellFailed(host, item, reason) : item.refuse(reason)),
    });
    // Nothing is taken before the agent is ready.
    this.#inbox.pause();
    this.#leave = host.bus.join({
      address: this.address,
      roles: agent.roles ?? [],
      topics: agent.topics ?? [],
      deliver: (envelope) => this.#deliver(envelope),
    });
  }

  get address(): string {
    return `agent:${this.agent.name}`;
  }

  get info(): AgentInfo {
    const { queued, active } = this.#inbox;
    return { name: this.agent.name, status: this.status, queued, active, handled: this.#handled, failed: this.#failed };
  }

  start(): Promise<void> {
    this.#become("starting");
    this.started = this.#start();
    return this.started;
  }

  pause(): void {
    this.#become("paused");
    this.#inbox.pause();
  }

  resume(): void {
    const { status } = this;
    if (status !== "paused")
      throw fail("lifecycle.refused", { agent: this.agent.name, from: status, to: "ready" }, { stack: false });
    this.#become(this.#inbox.active > 0 ? "busy" : "ready");
    this.#inbox.resume();
  }

  /** Takes nothing more and ends; asked twice, it gives the same promise, and `refuse` then gives up what still waits. */
  stop(waiting: "refuse" | "finish" = "finish"): Promise<void> {
    if (this.#stopped === undefined) {
      this.#leave();
      // One that failed has nothing in work and nothing waiting.
      this.#become("stopping");
      this.#stopped = this.#stop(waiting);
    } else if (waiting === "refuse") void this.#inbox.close(this.#notTaking());
    return this.#stopped;
  }

  /** The wrapper that makes an invoke of this agent wait for its turn. */
  takeTurn(step: Step, next: Next): Promise<unknown> {
    const turn = this.#turns.get(step.options);
    if (turn !== undefined) return this.#takeMessageTurn(turn, step, next);
    if (!takesWork(this.status)) return Promise.reject(this.#notTaking());
    if (this.#isAwaitedBy(step.call.parent)) return Promise.reject(this.#reentrant());
    if (!this.#inbox.tryEnter()) return this.#wait(step, next);
    return this.#work(step, next).finally(() => this.#inbox.leave());
  }

  async #start(): Promise<void> {
    try {
      if (this.agent.start !== undefined) {
        this.#starting = new AbortController();
        await this.agent.start(this.#starting.signal);
      }
    } catch (error) {
      const reason = toErrorJson(error).message;
      this.failure = fail("agent.crashed", { agent: this.agent.name, reason }, { cause: error });
      if (this.status === "starting") this.#become("failed", reason);
      void this.#inbox.close(this.#notTaking());
      throw this.failure;
    }
    this.#ready = true;
    // It may have been told to stop meanwhile.
    if (this.status !== "starting") return;
    this.#become("ready");
    this.#inbox.resume();
  }

  async #stop(waiting: "refuse" | "finish"): Promise<void> {
    const reason = this.#notTaking();
    if (!this.#ready) this.#starting?.abort(reason);
    await this.started?.catch(() => {});
    await this.#inbox.close(reason, this.#ready ? waiting : "refuse");
    this.#starting?.abort(reason);
    try {
      if (this.#ready) await this.agent.stop?.();
    } catch (error) {
      const why = toErrorJson(error).message;
      this.#become("failed", why);
      throw fail("agent.crashed", { agent: this.agent.name, reason: why }, { cause: error });
    }
    this.#become("stopped");
  }

  #takeMessageTurn(turn: MessageTurn, step: Step, next: Next): Promise<unknown> {
    if (step.call instanceof LiveCall) step.call.asker = turn.asker;
    turn.work = next(step);
    return turn.work;
  }

  #wait(step: Step, next: Next): Promise<unknown> {
    return new Promise((resolve, reject) => {
      const { signal } = step.call;
      const refuse = (reason: unknown) => {
        signal.removeEventListener("abort", cancelled);
        reject(reason);
      };
      const cancelled = () => refuse(signal.reason);
      const begin = async (): Promise<undefined> => {
        if (signal.aborted) return;
        signal.removeEventListener("abort", cancelled);
        await this.#work(step, next).then(resolve, reject);
      };
      signal.addEventListener("abort", cancelled, { once: true });
      const check = ({ reason }: Delivery) => {
        if (reason !== undefined) refuse(fromErrorJson(reason));
      };
      const delivery = this.#inbox.push({ begin, refuse }, PRIORITY_RANK.normal, step.input);
      if (delivery instanceof Promise) delivery.then(check, refuse);
      else check(delivery);
    });
  }

  async #work(step: Step, next: Next): Promise<unknown> {
    this.#busy();
    try {
      const output = await next(step);
      this.#handled++;
      return output;
    } catch (error) {
      this.#failed++;
      throw error;
    }
  }

  #deliver(envelope: Envelope): Delivery | Promise<Delivery> {
    if (!takesWork(this.status)) return rejected(this.#notTaking());
    if (this.#isAwaitedBy(envelope.reply?.asker)) return rejected(this.#reentrant());
    return this.#inbox.push(envelope, envelope.rank, envelope.body);
  }

  /** Takes a turn; gives what tells the asker, who must find the agent ready for the next. */
  async #handle(envelope: Envelope): Promise<Afterwards> {
    this.#busy();
    const { clock, events } = this.#host;
    const started = events.watchers > 0 ? clock.monotonic() : 0;
    const options = envelope.trace === "" ? {} : { trace: envelope.trace };
    const turn: MessageTurn = { asker: envelope.reply?.asker, work: undefined };
    this.#turns.set(options, turn);
    try {
      const output = await this.#host.invoke(undefined, this.agent, envelope.body, options);
      this.#handled++;
      if (events.watchers > 0) tellHandled(this.#host, envelope, clock.monotonic() - started);
      return () => envelope.reply?.answer(output);
    } catch (error) {
      this.#failed++;
      tellFailed(this.#host, envelope, error);
      // Cancelled, the call is over; the action may not be.
      await turn.work?.catch(() => {});
      return undefined;
    }
  }

  #isAwaitedBy(call: Step["call"] | undefined): boolean {
    let next = call as LiveCall | undefined;
    while (next !== undefined && next.action !== this.agent) next = next.parent ?? next.asker;
    return next !== undefined;
  }

  #busy(): void {
    if (this.status === "ready") this.#become("busy");
  }

  #reentrant(): unknown {
    return fail("agent.reentrant", { agent: this.agent.name }, { stack: false });
  }

  #notTaking(): unknown {
    return fail("agent.not_taking", { agent: this.agent.name, status: this.status }, { stack: false, retryable: true });
  }

  #become(to: AgentStatus, reason?: string): void {
    const from = this.status;
    this.status = transition(this.agent.name, from, to);
    const { events, clock } = this.#host;
    if (!events.wanted("agent.changed", "agent")) return;
    const body = reason === undefined ? { from, to } : { from, to, reason };
    events.tell({
      type: "agent.changed",
      at: clock.now(),
      trace: "",
      call: "",
      kind: "agent",
      name: this.agent.name,
      ...body,
    });
  }
}
