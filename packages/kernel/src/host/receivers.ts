import type { AnyAction } from "../action.ts";
import type { Receive } from "../call.ts";
import type { Clock } from "../clock.ts";
import { toErrorJson } from "../error.ts";
import { fail } from "../errors.ts";
import type { Event, EventStream } from "../event.ts";
import type { MailboxOptions } from "../message.ts";
import type { Bus } from "./bus.ts";
import type { Envelope } from "./envelope.ts";
import { Inbox } from "./inbox.ts";
import { type CallHost, LiveCall } from "./live-call.ts";

export interface Listening {
  /** `topic:PATTERN`, or `agent:NAME` to be reached as one. */
  readonly address: string;
  readonly receive: Receive;
  readonly mailbox: MailboxOptions;
  readonly owner: string;
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

/** Puts a plain function behind a bounded mailbox. */
export function listen(host: CallHost & { readonly bus: Bus }, listening: Listening): Listener {
  const { address, receive, owner } = listening;
  const topic = address.startsWith("topic:");
  if (!topic && !address.startsWith("agent:")) throw fail("address.malformed", { address });
  const action: AnyAction = { kind: "receiver", name: owner, run: () => undefined };
  const working = new Set<LiveCall>();
  const handling: Handling = { host, action, receive, working };
  const inbox = new Inbox<Envelope>({
    owner: address,
    batch: host.bus.batch,
    concurrency: 1,
    mailbox: listening.mailbox,
    work: (envelope) => handle(handling, envelope),
    left: (envelope, reason) => tellFailed(host, envelope, reason),
  });
  return {
    join: () =>
      host.bus.join({
        address: topic ? `${owner} ${address}` : address,
        roles: [],
        topics: topic ? [address.slice(6)] : [],
        deliver: (envelope) => inbox.push(envelope, envelope.rank, envelope.body),
      }),
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
  readonly host: CallHost;
  readonly action: AnyAction;
  readonly receive: Receive;
  readonly working: Set<LiveCall>;
}

function handle(handling: Handling, envelope: Envelope): Promise<undefined> | undefined {
  const { host, action, receive } = handling;
  const call = new LiveCall(host, action, undefined, envelope.trace === "" ? undefined : envelope.trace);
  call.asker = envelope.reply?.asker;
  const started = host.events.watchers > 0 ? host.clock.monotonic() : undefined;
  try {
    const result = receive(envelope, call);
    if (isThenable(result)) return handleLater(handling, { envelope, call, started }, result);
    call.end();
    envelope.reply?.answer(result);
    if (started !== undefined) tellHandled(host, envelope, host.clock.monotonic() - started);
  } catch (error) {
    call.end();
    tellFailed(host, envelope, error);
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
  { host, working }: Handling,
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
    call.end();
    tellFailed(host, envelope, error);
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

export function tellHandled(host: Telling, envelope: Envelope, ms: number): void {
  if (!host.events.wanted("message.handled", "message")) return;
  host.events.tell({ ...head(host, envelope), type: "message.handled", ms } as Event);
}

/** Answers the asker, or tells the world that a message came to nothing. */
export function tellFailed(host: Telling & Pick<CallHost, "write">, envelope: Envelope, error: unknown): void {
  envelope.reply?.refuse(error);
  const reason = toErrorJson(error);
  if (envelope.reply === undefined) {
    const message = `A message of type "${envelope.type}" to ${envelope.to} failed: ${reason.message}`;
    host.write({ at: host.clock.now(), level: "error", from: "bus", message, data: { code: reason.code } });
  }
  if (!host.events.wanted("message.failed", "message")) return;
  host.events.tell({ ...head(host, envelope), type: "message.failed", error: reason } as Event);
}

function head(host: Telling, { id, trace, type }: Envelope) {
  return { at: host.clock.now(), trace, call: "", kind: "message", name: type, id };
}
