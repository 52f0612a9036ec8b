// One journal and the work on it in this process.
import {
  type AnyAction,
  type ClaimFilter,
  type Journal,
  type JournalRow,
  type PluginContext,
  toErrorJson,
} from "@mofa/kernel";
import { createAttempts } from "./attempts.ts";
import { type Children, createChildren } from "./children.ts";
import { createDecisions, type Decisions } from "./decisions.ts";
import type { FrameHost } from "./frame.ts";
import { createHearing } from "./hearing.ts";
import { createPost, type Post } from "./letters.ts";
import { createListening, type Listening } from "./listening.ts";
import { createWorkerId } from "./liveness.ts";
import { createWorker, type Worker } from "./worker.ts";

export interface StationOptions {
  readonly maxConcurrent: number;
  readonly leaseMs: number;
  readonly parkAfterMs: number;
  /** The most rows that a run may keep. */
  readonly maxRows: number;
  readonly decisions: "wait" | "fallback";
  /** The action as it was when the run began, as far as its kept rows say. */
  revive(action: AnyAction, rows: readonly JournalRow[]): AnyAction;
}

export interface Station {
  readonly journal: Journal;
  readonly worker: Worker;
  readonly decisions: Decisions;
  readonly children: Children;
  readonly frames: FrameHost;
  /** Looks which topics the runs of all processes listen to. */
  listen(): Promise<void>;
  /** Looks at what has come from elsewhere, and delivers what was left. */
  poll(): Promise<void>;
  /** Takes over runs that nobody works on. */
  take(filter: Omit<ClaimFilter, "limit">): Promise<void>;
  /** Looks at once at what was said to a run; one that nobody works on is taken up. */
  said(run: string): void;
  cancel(run: string, reason: unknown): Promise<void>;
  stop(): Promise<void>;
}

interface Around {
  readonly ctx: PluginContext;
  readonly journal: Journal;
  find(kind: string, name: string): AnyAction | undefined;
  /** Asks for a look at what may be taken up now. */
  claims(): void;
}

export function openStation({ ctx, journal, find, claims }: Around, options: StationOptions): Station {
  const { clock, ids, log } = ctx;
  const attempt = createAttempts(log);

  function said(run: string): void {
    if (worker.local(run) === undefined) claims();
    else void attempt("Looking at what was said to a run", () => worker.look(run));
  }

  async function cancel(run: string, reason: unknown): Promise<void> {
    const local = worker.local(run);
    const after = await journal.cancel(run, toErrorJson(reason));
    local?.cancel(reason);
    if (local !== undefined || after.finishedAt === undefined) return claims();
    if (after.status === "cancelled") {
      ctx.emit("run.changed", { run, status: after.status, reason: toErrorJson(reason).message });
      await children.ended(run);
    }
  }

  const decisions = createDecisions({ journal, clock, mode: options.decisions, token: () => ids.unique() });
  const listening: Listening = createListening({ ctx, journal, said });
  const hearing = createHearing({ journal, clock, listened: listening.follow });
  const children: Children = createChildren({ journal, start: (run) => worker.start(run), cancel });
  const frames: FrameHost = {
    random: ids.random,
    uniqueId: ids.unique,
    ask: decisions.ask,
    hear: hearing.hear,
    sending: (letter) => post.sending(letter),
    children,
  };
  const worker: Worker = createWorker(journal, {
    ...options,
    id: createWorkerId(),
    clock,
    log,
    frames,
    find,
    invoke: (action, input, more) => ctx.invoke(action, input, more),
    tell: (event) => ctx.emit("run.changed", event),
    freed: claims,
    async look(each) {
      await Promise.all([hearing.look(each), decisions.look(each.run), children.look(each)]);
    },
    stopping: (run, reason) => children.cancelOf(run, reason),
    ended: (run) => void attempt("Telling of the end of a run", () => children.ended(run)),
  });
  const post: Post = createPost({
    journal,
    claim: worker.claim,
    send: (draft) => ctx.send(draft),
    warn: (message) => log.warn(message),
  });

  const listen = () => attempt("Looking for topics that runs listen to", () => listening.poll());

  return {
    journal,
    worker,
    decisions,
    children,
    frames,
    said,
    cancel,
    listen,
    take: (filter) => attempt("Looking for runs to take over", () => worker.take(filter)),
    async poll() {
      await attempt("Looking at what has come for runs", () => worker.poll());
      await listen();
      await attempt("Looking for letters that were left", () => post.poll());
    },
    async stop() {
      await worker.stop();
      await post.idle();
    },
  };
}
