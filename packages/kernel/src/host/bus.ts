// The one bus: four address shapes, bounded mailboxes, and an answer about every message.
//
// 1. A message is handled, queued, rejected with a reason, or dropped by a policy that its receiver chose; never silently lost.
// 2. A fan-out offers the message to every receiver before anyone handles it: a slow one keeps nobody waiting.
// 3. The reply of a local request rides in its envelope; only those that a transport carries are kept in a table.
// 4. Of several receivers at one agent address the newest is there; when it leaves, the one below is again.
// 5. A request from a call ends with that call.
import type { InvokeOptions } from "../call.ts";
import { type ErrorJson, nearest, toErrorJson } from "../error.ts";
import { fail } from "../errors.ts";
import type { Transport } from "../kinds/transport.ts";
import type { Delivery, Draft } from "../message.ts";
import { ask } from "./ask.ts";
import { Batch } from "./batch.ts";
import { Envelope, type Reply } from "./envelope.ts";
import type { CallHost, LiveCall } from "./live-call.ts";
import { Topics } from "./topics.ts";

/** Who gets messages: an agent, or a plugin that receives a topic. */
interface Receiver {
  /** `agent:ann` for an agent; a name for logs otherwise. */
  readonly address: string;
  readonly roles: readonly string[];
  readonly topics: readonly string[];
  /** Takes the message in; says what became of it. */
  deliver(envelope: Envelope): Delivery | Promise<Delivery>;
}

export interface Bus {
  /** What is said in one go. */
  readonly batch: Batch;
  send(draft: Draft, from: LiveCall | undefined): Delivery | Promise<Delivery>;
  request(draft: Draft, options: InvokeOptions, from: LiveCall | undefined): Promise<unknown>;
  join(receiver: Receiver): () => void;
}

/** Who holds a role, and whose turn it is. */
interface Holders {
  readonly all: readonly Receiver[];
  turn: number;
}

export const ACCEPTED: Delivery = Object.freeze({ status: "accepted", receivers: 1 });
export const QUEUED: Delivery = Object.freeze({ status: "queued", receivers: 1 });

export function createBus(host: CallHost): Bus {
  const direct = new Map<string, Receiver>();
  /** Receivers under a newer one of the same address. */
  const covered = new Map<string, Receiver[]>();
  const roles = new Map<string, Holders>();
  const topics = new Topics<Receiver>("topic:");
  const remote = new Map<string, Reply>();
  const batch = new Batch(host.clock);

  /** Who is meant by an address that is not one agent's; undefined when nobody local is known by it. */
  function resolve(to: string, from: string): Iterable<Receiver> | undefined {
    if (to === "*") return direct.values();
    if (to.startsWith("topic:")) return topics.find(to);
    if (to.startsWith("role:")) return holders(to.slice(5), from);
    if (!to.startsWith("agent:")) throw fail("address.malformed", { address: to }, { stack: false });
    return undefined;
  }

  function holders(role: string, from: string): readonly Receiver[] | undefined {
    const any = role.endsWith("?one");
    const held = roles.get(any ? role.slice(0, -4) : role);
    if (held === undefined || !any) return held?.all;
    // Whoever asks for one of its own role means another one, if there is another.
    const others = held.all.filter((receiver) => receiver.address !== from);
    const among = others.length > 0 ? others : held.all;
    const index = held.turn++ % among.length;
    return among.slice(index, index + 1);
  }

  function post(draft: Draft, from: LiveCall | undefined, reply: Reply | undefined): Delivery | Promise<Delivery> {
    if (draft.replyTo !== undefined && remote.size > 0) {
      const asked = remote.get(draft.replyTo);
      if (asked !== undefined) {
        asked.answer(draft.body);
        return ACCEPTED;
      }
    }
    const sender = from === undefined ? "" : `${from.action.kind}:${from.action.name}`;
    const head = { ids: host.ids, at: batch.now(), trace: from?.trace ?? "", from: sender };
    const envelope = new Envelope(draft, head, reply);
    const one = direct.get(draft.to);
    const delivery = one === undefined ? postWide(envelope) : one.deliver(envelope);
    if (host.events.wanted("message.sent", "message")) void tellSent(envelope, delivery);
    return delivery;
  }

  function postWide(envelope: Envelope): Delivery | Promise<Delivery> {
    const { to, from } = envelope;
    const receivers = resolve(to, from);
    if (receivers !== undefined) return offer(receivers, envelope, to.startsWith("role:") ? undefined : from);
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
      reply.forget = () => void remote.delete(id);
    }
    const tally = new Tally();
    for (const delivery of await transport.deliver([envelope.toJSON()])) tally.add(delivery);
    return tally.delivery;
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
      roles.set(role, { all: [...(held?.all ?? []), receiver], turn: held?.turn ?? 0 });
    }
  }

  function unlist(receiver: Receiver): void {
    if (direct.get(receiver.address) === receiver) direct.delete(receiver.address);
    for (const pattern of receiver.topics) topics.remove(pattern, receiver);
    for (const role of receiver.roles) {
      const held = roles.get(role);
      const all = (held?.all ?? []).filter((other) => other !== receiver);
      if (all.length === 0) roles.delete(role);
      else roles.set(role, { all, turn: held?.turn ?? 0 });
    }
  }

  function join(receiver: Receiver): () => void {
    const { address } = receiver;
    const above = direct.get(address);
    if (above !== undefined) {
      unlist(above);
      covered.set(address, [...(covered.get(address) ?? []), above]);
    }
    list(receiver);
    let there = true;
    return () => {
      if (!there) return;
      there = false;
      const below = (covered.get(address) ?? []).filter((other) => other !== receiver);
      if (direct.get(address) === receiver || !address.startsWith("agent:")) {
        unlist(receiver);
        const next = below.pop();
        if (next !== undefined) list(next);
      }
      if (below.length === 0) covered.delete(address);
      else covered.set(address, below);
    };
  }

  return {
    batch,
    send: (draft, from) => post(draft, from, undefined),
    request: (draft, options, from) =>
      ask(host, { draft, options, from }, (reply) => {
        // A request wants one answer: of several holders of a role, one is asked.
        const wide = draft.to.startsWith("role:") && !draft.to.endsWith("?one");
        return post(wide ? { ...draft, to: `${draft.to}?one` } : draft, from, reply);
      }),
    join,
  };
}

/** Offers a message to all but its sender, before anyone handles it. */
function offer(
  receivers: Iterable<Receiver>,
  envelope: Envelope,
  except: string | undefined,
): Delivery | Promise<Delivery> {
  const tally = new Tally();
  let waiting: Promise<Delivery>[] | undefined;
  for (const receiver of receivers) {
    if (receiver.address === except) continue;
    const delivery = receiver.deliver(envelope);
    if (!(delivery instanceof Promise)) tally.add(delivery);
    else if (waiting === undefined) waiting = [delivery];
    else waiting.push(delivery);
  }
  if (waiting === undefined) return tally.delivery;
  return Promise.all(waiting).then((late) => {
    for (const delivery of late) tally.add(delivery);
    return tally.delivery;
  });
}

/** Adds up what several receivers said. */
class Tally {
  #receivers = 0;
  #queued = false;
  #reason: ErrorJson | undefined = undefined;

  add(delivery: Delivery): void {
    this.#receivers += delivery.receivers;
    this.#queued ||= delivery.status === "queued";
    this.#reason ??= delivery.reason;
  }

  get delivery(): Delivery {
    const receivers = this.#receivers;
    const reason = this.#reason;
    if (receivers === 0 && reason !== undefined) return { status: "rejected", receivers, reason };
    const status = this.#queued ? "queued" : "accepted";
    return reason === undefined ? { status, receivers } : { status, receivers, reason };
  }
}

/** A delivery that did not happen, with the error that says why. */
export function rejected(error: unknown): Delivery {
  return { status: "rejected", receivers: 0, reason: toErrorJson(error) };
}
