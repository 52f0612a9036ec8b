// One agent: an action with an address, a mailbox and a lifecycle.
//
// 1. Every turn, by message or by invoke, goes through its one inbox: never more at a time than it declares.
//    A turn lasts until the action has ended, also when its call was cancelled and the action does not care.
// 2. Its status changes only along the transition table; a refused change changes nothing.
// 3. While it waits for a restart it takes work and keeps it; one that is stopped or given up takes none, and what
//    waited is refused with the reason, or finished where another agent of its name took over. Nothing is dropped.
// 4. An agent that waits for itself, directly or through others, is refused instead of waiting for ever.
// 5. What was in work when it failed is given to its next life as often as it allows, once the old turn has ended.
// 6. Idle, it is this one object: inbox, turns and life are made when they are needed.
import type { BudgetLimits } from "../../budget.ts";
import type { InvokeOptions, Next, Step } from "../../call.ts";
import { fromErrorJson, toErrorJson } from "../../error.ts";
import { fail } from "../../errors.ts";
import type { Agent } from "../../kinds/agent.ts";
import type { AgentInfo } from "../../kinds/control.ts";
import { type AgentStatus, transition } from "../../lifecycle.ts";
import type { Delivery, MailboxOptions } from "../../message.ts";
import { RANKS } from "../../task-queue.ts";
import type { Invoker } from "../calls/invoke.ts";
import { type CallHost, LiveCall } from "../calls/live-call.ts";
import type { Bus, Receiver } from "../messages/bus.ts";
import { rejected } from "../messages/delivery.ts";
import { Envelope } from "../messages/envelope.ts";
import { type Afterwards, Inbox, type InboxOwner } from "../messages/inbox.ts";
import { tellFailed, tellHandled, tellReceived } from "../messages/receivers.ts";
import { Flight } from "../scheduler/flights.ts";
import { failTurn, hasFailed, type Life } from "./life.ts";

/** What an agent needs of its kernel. */
export type AgentHost = CallHost & {
  readonly bus: Bus;
  readonly invoker: Invoker;
  /** The name of the supervisor that watches over an agent. */
  supervisorOf(cell: AgentCell): string;
  /** Hears of an agent that failed, or that ended and is permanent. */
  failed(cell: AgentCell, error: unknown): void;
  /** Hears of an agent that takes work again, or has nothing more to do. */
  ready?(agent: Agent): void;
};

/** Waits for its turn: begun by `invoke`, beside the messages. */
interface Turn {
  begin(): Promise<undefined>;
  refuse(reason: unknown): void;
}

/** A turn that a message began: the options of its invoke, by which it is found again on the way to the agent. */
class MessageTurn implements InvokeOptions {
  // Declared only, so that a message from outside of any call begins a trace of its own.
  declare readonly trace?: string;
  // And so with these: what is not said is what the asker's call has.
  declare readonly tenant?: string;
  declare readonly session?: string;
  declare readonly budget?: BudgetLimits;
  readonly #cell: AgentCell;
  readonly #asker: LiveCall | undefined;
  readonly #lives: number;
  /** What the action does; undefined while it was not reached. */
  work: Promise<unknown> | undefined = undefined;

  constructor(cell: AgentCell, { trace, reply }: Envelope) {
    if (trace !== "") this.trace = trace;
    this.#cell = cell;
    this.#asker = reply?.asker;
    this.#lives = cell.lives;
    if (reply === undefined) return;
    const { tenant, session, budget } = reply.options;
    if (tenant !== undefined) this.tenant = tenant;
    if (session !== undefined) this.session = session;
    if (budget !== undefined) this.budget = budget;
  }

  get asker(): LiveCall | undefined {
    return this.#asker;
  }

  /** Whether the agent failed since this began. */
  get outlived(): boolean {
    return this.#lives !== this.#cell.lives;
  }

  isOf(cell: AgentCell): boolean {
    return this.#cell === cell;
  }
}

const NONE: readonly string[] = Object.freeze([]);

export class AgentCell implements Receiver, InboxOwner<Envelope | Turn> {
  readonly agent: Agent;
  readonly address: string;
  readonly host: AgentHost;
  /** Its place among all that are supervised, by when it came. */
  readonly order: number;
  status: AgentStatus = "created";
  inbox: Inbox<Envelope | Turn> | undefined = undefined;
  life: Life | undefined = undefined;
  #handled = 0;
  #failed = 0;

  constructor(host: AgentHost, agent: Agent, order: number) {
    this.host = host;
    this.agent = agent;
    this.address = `agent:${agent.name}`;
    this.order = order;
  }

  /** Whether it takes work in: also while it waits for a restart. */
  get taking(): boolean {
    return this.life === undefined || !this.life.off;
  }

  get roles(): readonly string[] {
    return this.agent.roles ?? NONE;
  }

  get topics(): readonly string[] {
    return this.agent.topics ?? NONE;
  }

  get places(): number {
    return this.agent.concurrency ?? 1;
  }

  get bounds(): MailboxOptions {
    return this.agent.mailbox ?? {};
  }

  /** Counts its failures: work begun under another number was in work when it failed. */
  get lives(): number {
    return this.life?.number ?? 0;
  }

  get info(): AgentInfo {
    const failure = this.life?.failure;
    return {
      name: this.agent.name,
      status: this.status,
      queued: this.inbox?.queued ?? 0,
      active: this.inbox?.active ?? 0,
      handled: this.#handled,
      failed: this.#failed,
      restarts: this.life?.restarts ?? 0,
      supervisor: this.host.supervisorOf(this),
      ...(failure === undefined ? {} : { reason: toErrorJson(failure).message }),
    };
  }

  pause(): void {
    this.become("paused");
    this.inbox?.pause();
  }

  resume(): void {
    const { status, agent } = this;
    if (status !== "paused")
      throw fail("lifecycle.refused", { agent: agent.name, from: status, to: "ready" }, { stack: false });
    const working = (this.inbox?.active ?? 0) > 0;
    this.become(working ? "busy" : "ready");
    this.inbox?.resume();
    // At work it may all the same have room for more, which a change to ready would have told.
    if (working) this.host.ready?.(agent);
  }

  /** The wrapper that makes an invoke of this agent wait for its turn. */
  takeTurn(step: Step, next: Next): Promise<unknown> {
    const { options } = step;
    if (options instanceof MessageTurn && options.isOf(this)) return this.#takeMessageTurn(options, step, next);
    if (!this.taking) return Promise.reject(this.notTaking());
    if (this.#isAwaitedBy(step.call.parent)) return Promise.reject(this.#reentrant());
    const inbox = this.#open();
    if (!inbox.tryEnter()) return this.#wait(step, next);
    return this.#work(step, next).finally(inbox.leave);
  }

  deliver(envelope: Envelope): Delivery | Promise<Delivery> {
    if (!this.taking) return rejected(this.notTaking());
    if (this.#isAwaitedBy(envelope.reply?.asker)) return rejected(this.#reentrant());
    return this.#open().push(envelope, envelope.rank, envelope.body);
  }

  work(item: Envelope | Turn): Promise<Afterwards> {
    return item instanceof Envelope ? this.#handle(item) : item.begin();
  }

  idle(): void {
    if (this.status === "busy") this.become("ready");
    // What came out of the mailbox was cancelled and took no turn: there is room again all the same.
    else if (this.status === "ready") this.host.ready?.(this.agent);
  }

  left(item: Envelope | Turn, reason: unknown): void {
    if (!(item instanceof Envelope)) item.refuse(reason);
    else tellFailed(this.host, { envelope: item, to: this.address }, reason);
    if (item instanceof Envelope) this.life?.redelivered?.delete(item);
  }

  /** Cancels what is in work. */
  cancelTurns(reason: unknown): void {
    for (const call of this.inbox?.calls.slice() ?? []) call.cancel(reason);
  }

  notTaking(): unknown {
    return fail("agent.not_taking", { agent: this.agent.name, status: this.status }, { stack: false, retryable: true });
  }

  become(to: AgentStatus, reason?: string): void {
    const from = this.status;
    this.status = transition(this.agent.name, from, to);
    if (to === "ready") this.host.ready?.(this.agent);
    const { events, clock } = this.host;
    if (!events.wanted("agent.changed", "agent")) return;
    const { name } = this.agent;
    const body = reason === undefined ? { from, to } : { from, to, reason };
    events.tell({ type: "agent.changed", at: clock.now(), trace: "", call: "", kind: "agent", name, ...body });
  }

  #open(): Inbox<Envelope | Turn> {
    // Nothing is taken out before the agent is ready.
    this.inbox ??= new Inbox(this, this.host.bus.batch, this.status !== "ready");
    return this.inbox;
  }

  #takeMessageTurn(turn: MessageTurn, step: Step, next: Next): Promise<unknown> {
    // A wrapper that tries again must not reach an agent that has failed meanwhile.
    if (turn.outlived) return Promise.reject(this.life?.failure);
    if (step.call instanceof LiveCall) step.call.asker = turn.asker;
    turn.work = this.#work(step, next);
    return turn.work;
  }

  #wait(step: Step, next: Next): Promise<unknown> {
    const { signal } = step.call;
    // It may have been cancelled on its way here, and a signal that has fired says so to nobody who comes late.
    if (signal.aborted) return Promise.reject(signal.reason);
    return new Promise((resolve, reject) => {
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
      const rank = step.options instanceof Flight ? step.options.rank : RANKS.normal;
      const delivery = this.#open().push({ begin, refuse }, rank, step.input);
      if (delivery instanceof Promise) delivery.then(check, refuse);
      else check(delivery);
    });
  }

  /** One turn, to its real end. */
  async #work(step: Step, next: Next): Promise<unknown> {
    if (this.status === "ready") this.become("busy");
    const call = step.call as LiveCall;
    const { calls } = this.#open();
    calls.push(call);
    try {
      const output = await next(step);
      remove(calls, call);
      this.#handled++;
      return output;
    } catch (error) {
      remove(calls, call);
      this.#failed++;
      if (hasFailed(this.agent, call, error)) failTurn(this, error);
      throw error;
    }
  }

  /** Takes a turn; gives what tells the asker, who must find the agent ready for the next. */
  async #handle(envelope: Envelope): Promise<Afterwards> {
    const { host, address } = this;
    const { clock, events } = host;
    if (this.status === "ready") this.become("busy");
    const started = events.ofMessages > 0 ? clock.monotonic() : undefined;
    if (started !== undefined) tellReceived(host, envelope, address);
    const turn = new MessageTurn(this, envelope);
    try {
      const output = await host.invoke(undefined, this.agent, envelope.body, turn);
      if (started !== undefined) tellHandled(host, envelope, clock.monotonic() - started);
      this.life?.redelivered?.delete(envelope);
      const { reply } = envelope;
      return reply === undefined ? undefined : () => reply.answer(output);
    } catch (error) {
      if (turn.work === undefined) this.#failed++;
      const again = turn.outlived && this.#redeliver(envelope);
      if (!again) this.left(envelope, error);
      // Cancelled, the call is over; the action may not be.
      await turn.work?.catch(() => {});
      if (again) this.inbox?.putBack(envelope, envelope.rank, envelope.body);
      return undefined;
    }
  }

  /** Whether a message that was in work when the agent failed is given to it again. */
  #redeliver(envelope: Envelope): boolean {
    const { life } = this;
    const most = this.agent.supervision?.redeliver ?? 0;
    const done = life?.redelivered?.get(envelope) ?? 0;
    if (life === undefined || !this.taking || !(done < most)) return false;
    life.redelivered ??= new Map();
    life.redelivered.set(envelope, done + 1);
    return true;
  }

  #isAwaitedBy(call: Step["call"] | undefined): boolean {
    let next = call as LiveCall | undefined;
    while (next !== undefined && next.action !== this.agent) next = next.parent ?? next.asker;
    return next !== undefined;
  }

  #reentrant(): unknown {
    return fail("agent.reentrant", { agent: this.agent.name }, { stack: false });
  }
}

/** The order does not matter: there are as many as it does at a time. */
function remove(calls: LiveCall[], call: LiveCall): void {
  const last = calls.pop() as LiveCall;
  if (last !== call) calls[calls.indexOf(call)] = last;
}
