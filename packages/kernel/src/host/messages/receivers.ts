import type { AnyAction } from "../../action.ts";
import type { Receive } from "../../call.ts";
import type { Clock } from "../../clock.ts";
import { toErrorJson } from "../../error.ts";
import { fail } from "../../errors.ts";
import type { Event, EventStream } from "../../event.ts";
import type { MailboxOptions } from "../../message.ts";
import { type CallHost, LiveCall } from "../calls/live-call.ts";
import type { Bus, Receiver } from "./bus.ts";
import type { Envelope } from "./envelope.ts";
import { Inbox, type InboxOwner } from "./inbox.ts";

export interface Listening {
  /** `topic:PATTERN`, or `agent:NAME` to be reached as one. */
  readonly address: string;
  readonly receive: Receive;
  readonly mailbox: MailboxOptions;
  readonly owner: string;
  /** Hears what it threw. */
  failed?(error: unknown): void;
}

/** A function on the bus. */
export interface Listener {
  /** From now on it gets messages; the returned function stops that. */
  join(): () => void;
  /** Resolves when what it took in is handled. */
  idle(): Promise<void>;
  /** Gives up what waits, cancels what is in work, and waits for its end. */
  end(): Promise<void>;
}

type ListenHost = CallHost & { readonly bus: Bus };

/** Puts a plain function behind a bounded mailbox. */
export function listen(host: ListenHost, listening: Listening): Listener {
  const { address, receive, owner } = listening;
  const topic = address.startsWith("topic:");
  if (!topic && !address.startsWith("agent:")) throw fail("address.malformed", { address });
  const action: AnyAction = { kind: "receiver", name: owner, run: () => undefined };
  const working = new Set<LiveCall>();
  // Of several that one plugin has at one topic, all have this name; a dead letter goes back to the first of them.
  const name = topic ? `${owner} ${address}` : address;
  const failed = listening.failed ?? (() => {});
  const handling: Handling = { host, action, receive, working, failed, address: name };
  const receiver: Receiver & InboxOwner<Envelope> = {
    address: name,
    roles: [],
    topics: topic ? [address.slice(6)] : [],
    places: 1,
    bounds: listening.mailbox,
    deliver: (envelope) => inbox.push(envelope, envelope.rank, envelope.body),
    work: (envelope) => handle(handling, envelope),
    left: (envelope, reason) => tellFailed(host, { envelope, to: name }, reason),
  };
  const inbox = new Inbox(receiver, host.bus.batch);
  return {
    join() {
      host.bus.join(receiver);
      return () => host.bus.leave(receiver);
    },
    idle: () => inbox.idle(),
    end() {
      const reason = fail("scope.closed", { scope: owner }, { stack: false });
      const idle = inbox.close(reason);
      for (const call of working) call.cancel(reason);
      return idle;
    },
  };
}

interface Handling {
  readonly host: ListenHost;
  readonly address: string;
  readonly action: AnyAction;
  readonly receive: Receive;
  readonly working: Set<LiveCall>;
  readonly failed: (error: unknown) => void;
}

function handle(handling: Handling, envelope: Envelope): Promise<undefined> | undefined {
  const { host, action, receive } = handling;
  const call = new LiveCall(host, action, undefined, envelope.trace === "" ? undefined : envelope.trace);
  const { reply } = envelope;
  if (reply?.asker !== undefined) call.askedBy(reply.asker);
  if (reply?.options.tenant !== undefined) call.tenant = reply.options.tenant;
  if (reply?.options.session !== undefined) call.session = reply.options.session;
  const started = host.events.ofMessages > 0 ? host.clock.monotonic() : undefined;
  if (started !== undefined) tellReceived(host, envelope, handling.address);
  try {
    const result = receive(envelope, call);
    if (isThenable(result)) return handleLater(handling, { envelope, call, started }, result);
    call.end();
    envelope.reply?.answer(result);
    if (started !== undefined) tellHandled(host, envelope, host.clock.monotonic() - started);
  } catch (error) {
    call.end();
    handling.failed(error);
    tellFailed(host, { envelope, to: handling.address }, error);
  }
}

/** One message that is being handled. */
interface Handled {
  readonly envelope: Envelope;
  readonly call: LiveCall;
  /** When it began; undefined when nobody watched then. */
  readonly started: number | undefined;
}

/** Sees a handler to its end that gave a promise: only then may its call be cancelled meanwhile. */
async function handleLater(
  { host, working, failed, address }: Handling,
  { envelope, call, started }: Handled,
  result: PromiseLike<unknown>,
): Promise<undefined> {
  call.enlist();
  working.add(call);
  try {
    const output = await result;
    call.end();
    envelope.reply?.answer(output);
    if (started !== undefined) tellHandled(host, envelope, host.clock.monotonic() - started);
  } catch (error) {
    if (call.reason === undefined) failed(error);
    call.end();
    tellFailed(host, { envelope, to: address }, error);
  } finally {
    working.delete(call);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

interface Telling {
  readonly clock: Clock;
  readonly events: EventStream;
}

/** Tells that a receiver begins to work on a message. */
export function tellReceived(host: Telling, envelope: Envelope, to: string): void {
  if (!host.events.wanted("message.received", "message")) return;
  host.events.tell({ ...head(host, envelope), type: "message.received", to } as Event);
}

export function tellHandled(host: Telling, envelope: Envelope, ms: number): void {
  if (!host.events.wanted("message.handled", "message")) return;
  host.events.tell({ ...head(host, envelope), type: "message.handled", ms } as Event);
}

/** A message at one of those it was for. */
export interface Arrived {
  readonly envelope: Envelope;
  readonly to: string;
}

/** Answers the asker; where nobody asked, the message is a dead letter and a line in the log. */
export function tellFailed(host: ListenHost, { envelope, to }: Arrived, error: unknown): void {
  envelope.reply?.refuse(error);
  const reason = toErrorJson(error);
  if (envelope.reply === undefined) {
    const message = `A message of type "${envelope.type}" to ${envelope.to} failed: ${reason.message}`;
    host.write({ at: host.clock.now(), level: "error", from: "bus", message, data: { code: reason.code } });
    host.bus.dead.add(envelope, to, reason);
  }
  if (!host.events.wanted("message.failed", "message")) return;
  host.events.tell({ ...head(host, envelope), type: "message.failed", error: reason } as Event);
}

function head(host: Telling, { id, trace, type }: Envelope) {
  return { at: host.clock.now(), trace, call: "", kind: "message", name: type, id };
}
