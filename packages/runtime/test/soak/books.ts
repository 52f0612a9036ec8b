// Books about all that the soak begins. What has ended is forgotten at once, so that the books do not grow.
//
// 1. Each message has a type of its own. It ends once at each receiver: handled, or as a dead letter.
// 2. All else (asks, calls, tasks) has a key, which it gives back when it is done.
import { type Delivery, type Event, isMofaError } from "@mofa/kernel";

/** The type of all that is asked: its end is known by its answer. */
export const ASKED = "ask";

interface Open {
  /** At how many receivers it ends; undefined while its delivery is not settled. */
  offered: number | undefined;
  ends: number;
}

export class Books {
  readonly problems: string[] = [];
  readonly told = { sent: 0, receivers: 0, handled: 0, dead: 0, refused: 0 };
  /** How work ended, by what it was and then by `done` or the code of its error. */
  readonly ended = new Map<string, Map<string, number>>();
  readonly #messages = new Map<string, Open>();
  readonly #work = new Set<string>();

  /** What has not ended. */
  get open(): readonly string[] {
    return [...this.#messages.keys(), ...this.#work];
  }

  get size(): number {
    return this.#messages.size + this.#work.size;
  }

  readonly hear = (event: Event): void => {
    if (event.name === ASKED) return;
    if (event.type === "message.handled") this.#end(event.name, "handled");
    else if (event.type === "message.dead") this.#end(event.name, "dead");
  };

  /** A message is said; what its sender is told must agree with the events. */
  tell(type: string, send: () => Delivery | Promise<Delivery>): void {
    this.#messages.set(type, { offered: undefined, ends: 0 });
    this.told.sent++;
    try {
      const delivery = send();
      if (delivery instanceof Promise) void delivery.then((settled) => this.#delivered(type, settled));
      else this.#delivered(type, delivery);
    } catch (error) {
      this.#messages.delete(type);
      this.told.refused++;
      if (!isMofaError(error)) this.#say(`${type} was refused by ${String(error)}`);
    }
  }

  /** Work is begun that gives back its key. */
  begin(what: string, key: string, start: () => Promise<unknown>): void {
    this.#work.add(key);
    const end = (how: string) => {
      if (!this.#work.delete(key)) this.#say(`${key} (${what}) was settled twice`);
      const ends = this.ended.get(what) ?? new Map<string, number>();
      this.ended.set(what, ends.set(how, (ends.get(how) ?? 0) + 1));
    };
    start().then(
      (value) => {
        if (value !== key) this.#say(`${key} (${what}) gave ${String(value)}`);
        end("done");
      },
      (error: unknown) => end(isMofaError(error) ? error.code : String(error)),
    );
  }

  #delivered(type: string, { receivers }: Delivery): void {
    const open = this.#messages.get(type);
    if (open === undefined) return;
    // Nobody has worked on it yet: what has ended by now was refused.
    open.offered = receivers + open.ends;
    this.told.receivers += open.offered;
    this.#forget(type, open);
  }

  #end(type: string, how: "handled" | "dead"): void {
    const open = this.#messages.get(type);
    this.told[how]++;
    if (open === undefined) {
      this.#say(`${type} ended once too often: ${how}`);
      return;
    }
    open.ends++;
    this.#forget(type, open);
  }

  #forget(type: string, { offered, ends }: Open): void {
    if (offered === ends) this.#messages.delete(type);
  }

  #say(problem: string): void {
    if (this.problems.length < 20) this.problems.push(problem);
  }
}
