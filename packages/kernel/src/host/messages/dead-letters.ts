// What was told and came to nothing.
//
// 1. At most `max` letters are kept, the newest; those that had to go for them are counted.
// 2. A message is kept as it was; it becomes plain data when somebody reads the list.
// 3. Replaying takes a letter out first: a message is never here and on its way at the same time.
import type { Clock } from "../../clock.ts";
import { type ErrorJson, toErrorJson } from "../../error.ts";
import type { EventStream } from "../../event.ts";
import type { Ids } from "../../id.ts";
import type { DeadLetter, DeadLetterFilter, DeadLetters, Delivery } from "../../message.ts";
import { rejected } from "./delivery.ts";
import type { Envelope } from "./envelope.ts";
import { Ring } from "./ring.ts";

export interface DeadLetterHost {
  readonly clock: Clock;
  readonly events: EventStream;
  readonly ids: Ids;
  /** Delivers to one receiver; what comes to nothing again is added here by whoever delivers. */
  deliver(envelope: Envelope, to: string): Delivery | Promise<Delivery>;
}

interface Entry {
  readonly number: number;
  readonly envelope: Envelope;
  readonly to: string;
  readonly reason: ErrorJson;
  readonly at: number;
  readonly attempts: number;
}

/** Keeps what came to nothing. */
export class DeadLetterBox implements DeadLetters {
  count = 0;
  dropped = 0;
  readonly #host: DeadLetterHost;
  readonly #max: number;
  /** How often a replayed message died before. */
  readonly #died = new WeakMap<Envelope, number>();
  #kept = new Ring<Entry>();

  constructor(host: DeadLetterHost, max: number) {
    this.#host = host;
    this.#max = max;
  }

  add(envelope: Envelope, to: string, reason: ErrorJson): void {
    const { clock, ids } = this.#host;
    const attempts = (this.#died.get(envelope) ?? 0) + 1;
    const entry = { number: ids.next(), envelope, to, reason, at: clock.now(), attempts };
    this.count++;
    this.#kept.push(entry);
    if (this.#kept.size > this.#max) {
      this.#kept.shift();
      this.dropped++;
    }
    this.#tell(entry);
  }

  list(filter: DeadLetterFilter = {}): readonly DeadLetter[] {
    return this.#kept.values().flatMap((entry) => (matches(filter, entry) ? [this.#letter(entry)] : []));
  }

  replay(which: string | DeadLetterFilter = {}): Promise<readonly Delivery[]> {
    const { ids } = this.#host;
    const wanted =
      typeof which === "string"
        ? (entry: Entry) => ids.text(entry.number) === which
        : (entry: Entry) => matches(which, entry);
    return Promise.all(this.#take(wanted).map((entry) => this.#again(entry)));
  }

  clear(filter: DeadLetterFilter = {}): number {
    return this.#take((entry) => matches(filter, entry)).length;
  }

  #again({ envelope, to, attempts }: Entry): Delivery | Promise<Delivery> {
    const copy = envelope.again();
    this.#died.set(copy, attempts);
    // Nobody is there to have refused it, or what should carry it has failed.
    const died = (error: unknown) => {
      this.add(copy, to, toErrorJson(error));
      return rejected(error);
    };
    try {
      const delivery = this.#host.deliver(copy, to);
      return delivery instanceof Promise ? delivery.catch(died) : delivery;
    } catch (error) {
      return died(error);
    }
  }

  #take(wanted: (entry: Entry) => boolean): readonly Entry[] {
    const taken: Entry[] = [];
    const kept = new Ring<Entry>();
    for (const entry of this.#kept.values()) {
      if (wanted(entry)) taken.push(entry);
      else kept.push(entry);
    }
    this.#kept = kept;
    return taken;
  }

  #letter({ number, envelope, to, reason, at, attempts }: Entry): DeadLetter {
    return { id: this.#host.ids.text(number), message: envelope.toJSON(), to, reason, at, attempts };
  }

  #tell({ number, envelope, to, reason, at }: Entry): void {
    const { events, ids } = this.#host;
    if (!events.wanted("message.dead", "message")) return;
    events.tell({
      type: "message.dead",
      at,
      trace: envelope.trace,
      call: "",
      kind: "message",
      name: envelope.type,
      id: envelope.id,
      letter: ids.text(number),
      to,
      reason,
    });
  }
}

function matches({ to, type, code }: DeadLetterFilter, { envelope, reason, to: receiver }: Entry): boolean {
  return (
    (to === undefined || to === receiver) &&
    (type === undefined || type === envelope.type) &&
    (code === undefined || code === reason.code)
  );
}
