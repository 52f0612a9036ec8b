// The one bus: four address shapes, bounded mailboxes, and an answer about every message.
//
// 1. A message is handled, queued, rejected with a reason, or dropped by a policy that its receiver chose; never silently lost.
// 2. A fan-out offers the message to every receiver before anyone handles it: a slow one keeps nobody waiting.
// 3. The reply of a local request rides in its envelope; only those that a transport carries are kept in a table.
// 4. Of several receivers at one agent address the newest is there; when it leaves, the one below is again.
// 5. A request from a call ends with that call.
// 6. What was told and not taken in is a dead letter: of a fan-out, one for each receiver that did not take it.
import type { InvokeOptions } from "../../call.ts";
import { nearest } from "../../error.ts";
import { fail } from "../../errors.ts";
import type { Transport } from "../../kinds/transport.ts";
import { type Delivery, type Draft, PRIORITIES } from "../../message.ts";
import type { CallHost, LiveCall } from "../calls/live-call.ts";
import { type Asking, ask } from "./ask.ts";
import { Batch } from "./batch.ts";
import { DeadLetterBox } from "./dead-letters.ts";
import { ACCEPTED, QUEUED, Tally } from "./delivery.ts";
import { Envelope, type Reply } from "./envelope.ts";
import { Topics } from "./topics.ts";

/** Who gets messages: an agent, or a plugin that receives a topic. */
export interface Receiver {
  /** `agent:ann` for an agent; a name for logs otherwise. */
  readonly address: string;
  readonly roles: readonly string[];
  readonly topics: readonly string[];
  /** False while it refuses everything: it was stopped or given up. */
  readonly taking?: boolean;
  /** Takes the message in; says what became of it. */
  deliver(envelope: Envelope): Delivery | Promise<Delivery>;
}

export interface Bus {
  /** What is said in one go. */
  readonly batch: Batch;
  send(draft: Draft, from: LiveCall | undefined): Delivery | Promise<Delivery>;
  request(draft: Draft, options: InvokeOptions, from: LiveCall | undefined): Promise<unknown>;
  readonly dead: DeadLetterBox;
  /** From now on it is reached by its address, its roles and its topics. */
  join(receiver: Receiver): void;
  /** Reached no longer; one that is not there is let be. */
  leave(receiver: Receiver): void;
}

/** Who holds a role, and whose turn it is. Who comes is added in place: a walk in progress knows how far it goes. */
interface Holders {
  all: Receiver[];
  turn: number;
}

const MAX_DEAD = 10_000;

export function createBus(host: CallHost, deadLetters: { readonly max?: number } = {}): Bus {
  const direct = new Map<string, Receiver>();
  /** Receivers under a newer one of the same address. */
  const covered = new Map<string, Receiver[]>();
  const roles = new Map<string, Holders>();
  const topics = new Topics<Receiver>("topic:");
  const remote = new Map<string, Reply>();
  const batch = new Batch(host.clock);
  const { clock, events, ids } = host;
  const dead = new DeadLetterBox({ clock, events, ids, deliver: redeliver }, deadLetters.max ?? MAX_DEAD);

  /** Who is meant by an address that is not one agent's; undefined when nobody local is known by it. */
  function resolve(to: string, from: string): readonly Receiver[] | undefined {
    if (to === "*") return [...direct.values()];
    if (begins(to, "role:")) return holders(to.slice(5), from);
    if (!begins(to, "agent:")) throw fail("address.malformed", { address: to }, { stack: false });
    return undefined;
  }

  function holders(role: string, from: string): readonly Receiver[] | undefined {
    const any = role.endsWith("?one");
    const held = roles.get(any ? role.slice(0, -4) : role);
    if (held === undefined || !any) return held?.all;
    const next = oneOf(held, from);
    return next === undefined ? undefined : [next];
  }

  function post(draft: Draft, from: LiveCall | undefined, reply: Reply | undefined): Delivery | Promise<Delivery> {
    if (draft.replyTo !== undefined && remote.size > 0) {
      const asked = remote.get(draft.replyTo);
      if (asked !== undefined) {
        asked.answer(draft.body);
        return ACCEPTED;
      }
    }
    checkDraft(draft);
    const sender = from === undefined ? "" : `${from.action.kind}:${from.action.name}`;
    const trace = from?.trace ?? reply?.options.trace ?? "";
    const head = { ids, number: ids.next(), id: draft.id, at: batch.now(), trace, from: sender };
    const envelope = new Envelope(draft, head, reply);
    const delivery = route(envelope);
    if (host.events.wanted("message.sent", "message")) void tellSent(envelope, delivery);
    return delivery;
  }

  function route(envelope: Envelope): Delivery | Promise<Delivery> {
    const { to, from } = envelope;
    // Topics are many and mostly new: making the hash of one, to find no agent by it, can be saved.
    if (begins(to, "topic:")) return offer(topics.find(to), envelope, from);
    const one = direct.get(to);
    return one === undefined ? postWide(envelope) : hand(envelope, one);
  }

  /** A request wants one answer: of several holders of a role, one is asked. */
  function postAsked({ draft, from }: Asking, reply: Reply): Delivery | Promise<Delivery> {
    const wide = begins(draft.to, "role:") && !draft.to.endsWith("?one");
    return post(wide ? { ...draft, to: `${draft.to}?one` } : draft, from, reply);
  }

  /** Gives a message to one receiver; what it refuses and nobody waits for is a dead letter. */
  function hand(envelope: Envelope, receiver: Receiver): Delivery | Promise<Delivery> {
    const delivery = receiver.deliver(envelope);
    if (delivery === ACCEPTED || delivery === QUEUED || envelope.reply !== undefined) return delivery;
    return bury(envelope, receiver.address, delivery);
  }

  function bury(envelope: Envelope, to: string, delivery: Delivery | Promise<Delivery>): Delivery | Promise<Delivery> {
    if (delivery instanceof Promise) return delivery.then((settled) => bury(envelope, to, settled));
    if (delivery.status === "rejected" && delivery.reason !== undefined) dead.add(envelope, to, delivery.reason);
    return delivery;
  }

  /** Delivers a dead letter again, to the receiver it was for and to nobody else. */
  function redeliver(envelope: Envelope, to: string): Delivery | Promise<Delivery> {
    if (envelope.to === to && !direct.has(to)) return route(envelope);
    const listening = envelope.to.startsWith("topic:") ? topics.find(envelope.to) : [];
    const among = direct.get(to) ?? listening.find(({ address }) => address === to);
    if (among !== undefined) return hand(envelope, among);
    throw fail("address.unknown", { address: to, nearest: nearest(to, direct.keys()) }, { stack: false });
  }

  function postWide(envelope: Envelope): Delivery | Promise<Delivery> {
    const { to, from } = envelope;
    const receivers = resolve(to, from);
    if (receivers !== undefined) return offer(receivers, envelope, begins(to, "role:") ? undefined : from);
    const transports = host.registry.list("transport") as readonly Transport[];
    const transport = transports.find((other) => other.claims(to));
    if (transport !== undefined) return carry(transport, envelope);
    const known = [...direct.keys(), ...[...roles.keys()].map((role) => `role:${role}`)];
    throw fail("address.unknown", { address: to, nearest: nearest(to, known) }, { stack: false });
  }

  async function carry(transport: Transport, envelope: Envelope): Promise<Delivery> {
    const { id, reply } = envelope;
    if (reply !== undefined) {
      remote.set(id, reply);
      // Asked again under the same id, the later one has its place.
      reply.forget = () => void (remote.get(id) === reply && remote.delete(id));
    }
    const tally = new Tally();
    for (const delivery of await transport.deliver([envelope.toJSON()])) tally.add(delivery);
    return reply === undefined ? bury(envelope, envelope.to, tally.delivery) : tally.delivery;
  }

  async function tellSent(envelope: Envelope, delivery: Delivery | Promise<Delivery>): Promise<void> {
    const { id, from, to, trace, at } = envelope;
    const settled = delivery instanceof Promise ? await delivery.catch(() => undefined) : delivery;
    const status = settled?.status ?? "failed";
    host.events.tell({
      type: "message.sent",
      at,
      trace,
      call: "",
      kind: "message",
      name: envelope.type,
      id,
      from,
      to,
      status,
    });
  }

  function list(receiver: Receiver): void {
    if (receiver.address.startsWith("agent:")) direct.set(receiver.address, receiver);
    for (const pattern of receiver.topics) topics.add(pattern, receiver);
    for (const role of receiver.roles) {
      const held = roles.get(role);
      if (held === undefined) roles.set(role, { all: [receiver], turn: 0 });
      else held.all.push(receiver);
    }
  }

  function unlist(receiver: Receiver): void {
    if (direct.get(receiver.address) === receiver) direct.delete(receiver.address);
    for (const pattern of receiver.topics) topics.remove(pattern, receiver);
    for (const role of receiver.roles) {
      const held = roles.get(role);
      if (held === undefined) continue;
      // A copy, unless it was the last that came: a walk in progress must not skip anyone.
      if (held.all.at(-1) === receiver) held.all.pop();
      else held.all = held.all.filter((other) => other !== receiver);
      if (held.all.length === 0) roles.delete(role);
    }
  }

  function join(receiver: Receiver): void {
    const { address } = receiver;
    const above = direct.get(address);
    if (above !== undefined) {
      unlist(above);
      covered.set(address, [...(covered.get(address) ?? []), above]);
    }
    list(receiver);
  }

  function leave(receiver: Receiver): void {
    const { address } = receiver;
    if (direct.get(address) !== receiver && address.startsWith("agent:")) {
      uncover(receiver);
      return;
    }
    unlist(receiver);
    const next = covered.get(address)?.at(-1);
    if (next === undefined) return;
    uncover(next);
    list(next);
  }

  function uncover(receiver: Receiver): void {
    const { address } = receiver;
    const below = covered.get(address)?.filter((other) => other !== receiver);
    if (below === undefined || below.length === 0) covered.delete(address);
    else covered.set(address, below);
  }

  /** Offers a message to all but its sender, before anyone handles it. */
  function offer(
    receivers: readonly Receiver[],
    envelope: Envelope,
    except: string | undefined,
  ): Delivery | Promise<Delivery> {
    // Made when there is something to add up: mostly all say the same.
    let tally: Tally | undefined;
    let queued = 0;
    let accepted = 0;
    let waiting: Promise<Delivery>[] | undefined;
    // No further than now: who comes while a watcher hears of this was not there when it was said.
    const { length } = receivers;
    for (let index = 0; index < length; index++) {
      const receiver = receivers[index];
      if (receiver === undefined || receiver.address === except) continue;
      const delivery = hand(envelope, receiver);
      if (delivery === ACCEPTED) accepted++;
      else if (delivery === QUEUED) queued++;
      else if (delivery instanceof Promise) {
        if (waiting === undefined) waiting = [delivery];
        else waiting.push(delivery);
      } else {
        tally ??= new Tally();
        tally.add(delivery);
      }
    }
    const others = { status: queued > 0 ? "queued" : "accepted", receivers: accepted + queued } as const;
    if (waiting === undefined && tally === undefined) return others;
    const sum = tally ?? new Tally();
    sum.add(others);
    if (waiting === undefined) return sum.delivery;
    return Promise.all(waiting).then((late) => {
      for (const delivery of late) sum.add(delivery);
      return sum.delivery;
    });
  }

  return {
    batch,
    dead,
    send: (draft, from) => post(draft, from, undefined),
    request: (draft, options, from) => ask(host, { draft, options, from }, postAsked),
    join,
    leave,
  };
}

/** The next of those who hold a role; who takes nothing is passed over while there is somebody who does. */
function oneOf(held: Holders, from: string): Receiver | undefined {
  const { all } = held;
  let down: Receiver | undefined;
  for (let tries = all.length; tries > 0; tries--) {
    const next = all[held.turn++ % all.length];
    // Whoever asks for one of its own role means another one, if there is another.
    if (next === undefined || (next.address === from && all.length > 1)) continue;
    if (next.taking !== false) return next;
    down ??= next;
  }
  return down;
}

/** Refuses what no mailbox could keep in its place: what comes from a file, or from outside, knows no types. */
function checkDraft({ to, type, priority }: Draft): void {
  if (typeof to !== "string") throw fail("address.malformed", { address: String(to) }, { stack: false });
  if (priority === undefined || PRIORITIES.includes(priority)) return;
  const problem = `its priority is "${priority}" and not one of ${PRIORITIES.join(", ")}`;
  throw fail("message.malformed", { type, address: to, problem }, { stack: false });
}

/** Says whether an address begins like this: `startsWith` costs several times as much on a text that was just made. */
function begins(address: string, start: string): boolean {
  for (let index = 0; index < start.length; index++) {
    if (address.charCodeAt(index) !== start.charCodeAt(index)) return false;
  }
  return true;
}
