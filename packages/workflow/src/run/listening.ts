// Turns messages of topics into signals of the runs that listen to them.
//
// 1. Every process listens for all runs, whoever works on them: a message is said in one of them.
// 2. A signal is named by the message and the pattern: a message that several processes hear is one signal, and one that
//    two patterns of a run match is two.
import { isMofaError, type Journal, type Message, type PluginContext, toErrorJson, toJson } from "@mofa/kernel";
import { short } from "./identity.ts";

export interface ListeningOptions {
  readonly ctx: PluginContext;
  readonly journal: Journal;
  /** Hears that something new was said to a run. */
  said(run: string): void;
}

export interface Listening {
  /** Listens to a pattern from now on. */
  follow(pattern: string): void;
  /** Looks which patterns the runs of all processes listen to. */
  poll(): Promise<void>;
}

/** How the name of what is said to a topic begins; a pattern follows. */
export const TOPIC = "topic:";

/** What sets the signals apart that one message becomes. Short: ids have their limits in databases. */
const markOf = (pattern: string) => `~${short(pattern)}`;

/** The id of what was said: of a message, the one it was sent with. */
export function saidId({ id, name }: { readonly id: string; readonly name: string }): string {
  const mark = name.startsWith(TOPIC) ? markOf(name.slice(TOPIC.length)) : "";
  return mark !== "" && id.endsWith(mark) ? id.slice(0, -mark.length) : id;
}

export function createListening({ ctx, journal, said }: ListeningOptions): Listening {
  const followed = new Map<string, () => void>();
  // Listened to since the last look began: it may not know of them.
  let fresh = new Set<string>();

  async function hear(pattern: string, { id, body }: Message): Promise<void> {
    const runs = new Set((await journal.listens({ topic: pattern })).map(({ run }) => run));
    const signal = { id: id + markOf(pattern), name: `${TOPIC}${pattern}`, body: toJson(body ?? null) };
    await Promise.all([...runs].map((run) => tell(run, signal)));
  }

  async function tell(
    run: string,
    signal: { readonly id: string; readonly name: string; readonly body: ReturnType<typeof toJson> },
  ) {
    try {
      if (await journal.signal({ run, ...signal })) said(run);
    } catch (error) {
      // It ended meanwhile: nobody listens any more.
      if (!isMofaError(error, "run.ended") && !isMofaError(error, "run.not_found")) throw error;
    }
  }

  function follow(pattern: string): void {
    fresh.add(pattern);
    if (followed.has(pattern)) return;
    const ending = new AbortController();
    const receive = (message: Message) =>
      hear(pattern, message).catch((error: unknown) => {
        ctx.log.warn(`A message to "${message.to}" did not reach the runs that listen: ${toErrorJson(error).message}`);
        throw error;
      });
    ctx.receive(`${TOPIC}${pattern}`, receive, { signal: ending.signal });
    followed.set(pattern, () => ending.abort());
  }

  return {
    follow,
    async poll() {
      const before = fresh;
      fresh = new Set();
      const wanted = new Set(await journal.topics());
      for (const pattern of wanted) if (!followed.has(pattern)) follow(pattern);
      for (const [pattern, stop] of followed) {
        if (wanted.has(pattern) || fresh.has(pattern) || before.has(pattern)) continue;
        followed.delete(pattern);
        stop();
      }
    },
  };
}
