// Deletes sessions, facts and documents that are old, round after round.
//
// 1. Nothing is deleted that no rule names.
// 2. A round takes a few at a time, and ends early when the plugin ends; what is left goes with the next one.
// 3. Several processes may do it at once: what one has deleted the others do not find.
import { definePlugin, type OldFilter, type Plugin, type PluginContext, toErrorJson } from "@mofa/kernel";
import { z } from "zod";

/** What of one kind is deleted when it is old: what either of `age` and `count` says. */
export interface RetentionRule {
  /** Only of ids (for facts: of namespaces) that begin with it. */
  readonly prefix?: string | undefined;
  /** Milliseconds since its last change. */
  readonly age?: number | undefined;
  /** So many of those that were changed last stay (for facts: of each namespace). */
  readonly count?: number | undefined;
}

export interface RetentionOptions {
  readonly sessions?: readonly RetentionRule[] | undefined;
  readonly facts?: readonly RetentionRule[] | undefined;
  readonly documents?: readonly RetentionRule[] | undefined;
  /** Milliseconds between rounds. Default one hour; the first comes after a minute. */
  readonly every?: number | undefined;
}

interface Pruning {
  prune(filter: OldFilter): Promise<number>;
}

const HOUR = 3_600_000;
const MINUTE = 60_000;

// A session is as long as its talk, and a fact has as many rows as words: few enough that others get their turn. To find
// the old documents, a store may have to look at all of them.
const BATCHES = { sessions: 100, facts: 200, documents: 20_000 } as const;
type What = keyof typeof BATCHES;

const rules = z
  .array(
    z
      .strictObject({
        prefix: z.string().optional(),
        age: z.number().positive().optional(),
        count: z.int().nonnegative().optional(),
      })
      .refine(({ age, count }) => age !== undefined || count !== undefined, "say age, count or both"),
  )
  .readonly()
  .optional();

const plugin = definePlugin({
  name: "retention",
  version: "0.1.0",
  options: z.strictObject({
    sessions: rules,
    facts: rules,
    documents: rules,
    every: z.number().positive().optional(),
  }),
  setup(ctx, options) {
    const rounds = keepRounds(ctx, options);
    ctx.own(() => rounds.stop());
  },
});

/** Keeps sessions, facts and documents only for as long, or as many of them, as its rules say. */
export function retention(options: RetentionOptions = {}): Plugin {
  return plugin(options);
}

function keepRounds(ctx: PluginContext, { every = HOUR, ...all }: RetentionOptions) {
  let cancel = ctx.clock.after(Math.min(every, MINUTE), begin);
  let working: Promise<void> = Promise.resolve();

  function begin(): void {
    working = round().then(() => {
      if (!ctx.signal.aborted) cancel = ctx.clock.after(every, begin);
    });
  }

  async function round(): Promise<void> {
    const places = { sessions: ctx.find("session"), facts: ctx.find("memory"), documents: ctx.find("store") };
    for (const what of ["sessions", "facts", "documents"] as const) {
      const place = places[what];
      if (place === undefined) continue;
      for (const rule of all[what] ?? []) await obey(rule, what, place);
    }
  }

  async function obey({ prefix = "", age, count }: RetentionRule, what: What, place: Pruning): Promise<void> {
    const limit = BATCHES[what];
    const filter = { prefix, limit, ...(count === undefined ? {} : { keep: count }) };
    let all = 0;
    let gone: number = limit;
    try {
      for (; gone === limit && !ctx.signal.aborted; all += gone) {
        gone = await place.prune({ ...filter, ...(age === undefined ? {} : { before: ctx.clock.now() - age }) });
      }
      if (all > 0) ctx.log.info(`${all} old ${what} under "${prefix}" were deleted.`);
    } catch (error) {
      ctx.log.warn(`Deleting old ${what} failed, and will be tried again: ${toErrorJson(error).message}`);
    }
  }

  return {
    /** Begins no more; resolves when nothing is being deleted any more. */
    async stop() {
      cancel();
      await working;
    },
  };
}
