// What runs say to others.
//
// 1. A message is kept as a letter, together with the fact that it is being sent, before it is sent.
// 2. It is sent at once; a letter that a dead process left is sent by the next one that looks, with the same id.
// 3. A step that was stopped while it sent does not send again: its letter is on its way.
import type { Claim, Delivery, Draft, ErrorJson, Journal, Json, JsonObject, Next, Step } from "@mofa/kernel";
import { isMofaError, toErrorJson, toJson } from "@mofa/kernel";
import type { StepFrame } from "./frame.ts";

interface Here {
  readonly frame: StepFrame;
  readonly parent: StepFrame;
}

/** Sends a message of a run by way of a letter. */
export function posted({ frame, parent }: Here, next: Next): Next {
  return async (step) => {
    const { kind, name } = step.action;
    const { log, path, key: id } = frame;
    if (log.wasBegun(path)) return UNDER_WAY;
    const draft = toDraft(step, id);
    const begin = parent.row({ key: path, type: "begin", kind, name });
    await log.append({ rows: [begin], letters: [{ id, draft: toJson(draft) }] });
    await log.ready();
    const settle = frame.host.sending(id);
    try {
      const delivery = await next({ ...step, input: draft });
      settle(true);
      return delivery;
    } catch (error) {
      // What was refused is told to its sender and not sent again; what was stopped is.
      settle(!log.closed);
      throw error;
    }
  };
}

const UNDER_WAY: Delivery = { status: "queued", receivers: 0 };

function toDraft({ input, call }: Step, id: string): Draft {
  // Only `call.send` makes actions of this kind and name.
  const draft = input as Draft;
  const { kind, name } = call.parent?.action ?? call.action;
  return { ...draft, id, from: draft.from ?? `${kind}:${name}` };
}

export interface PostOptions {
  readonly journal: Journal;
  readonly claim: Claim;
  send(draft: Draft): Delivery | Promise<Delivery>;
  warn(message: string): void;
}

export interface Post {
  /** Notes that a letter is being sent here; the returned function says whether that is settled, or others should. */
  sending(letter: string): (settled: boolean) => void;
  /** Sends letters that were left. */
  poll(): Promise<void>;
  /** Resolves when nothing is being forgotten any more. */
  idle(): Promise<void>;
}

const AT_A_TIME = 100;

export function createPost({ journal, claim, send, warn }: PostOptions): Post {
  const own = new Set<string>();
  const spoilt = new Set<string>();
  let done: string[] = [];
  let forgetting: Promise<void> | undefined;

  async function forget(): Promise<void> {
    await Promise.resolve();
    while (done.length > 0) {
      const letters = done;
      done = [];
      try {
        await journal.sent(letters);
      } catch (error) {
        warn(`Sent letters are not forgotten yet, so they may be sent again: ${toErrorJson(error).message}`);
      }
      for (const letter of letters) own.delete(letter);
    }
    forgetting = undefined;
  }

  function sent(letter: string): void {
    done.push(letter);
    forgetting ??= forget();
  }

  async function deliver(id: string, draft: Json): Promise<void> {
    try {
      // What `posted` kept.
      await send({ ...(draft as JsonObject), id } as unknown as Draft);
      sent(id);
    } catch (error) {
      const nobody = isMofaError(error, "address.unknown");
      if (!nobody) sent(id);
      warn(`The letter "${id}" ${nobody ? "waits for its receiver" : "was refused"}: ${toErrorJson(error).message}`);
    }
  }

  // It stays where it is, and comes with every look.
  function tell(id: string, error: ErrorJson): void {
    if (spoilt.has(id)) return;
    spoilt.add(id);
    warn(`The letter "${id}" can never be sent: ${error.message}`);
  }

  return {
    sending(letter) {
      own.add(letter);
      return (settled) => {
        if (settled) sent(letter);
        else own.delete(letter);
      };
    },
    async poll() {
      const left = await journal.letters({ ...claim, limit: AT_A_TIME });
      await Promise.all(
        left
          .filter(({ id }) => !own.has(id))
          .map(({ id, draft, error }) => (error === undefined ? deliver(id, draft) : tell(id, error))),
      );
    },
    async idle() {
      await forgetting;
    },
  };
}
