import {
  type Control,
  isMofaError,
  type JournalRow,
  type KindName,
  type Kinds,
  type PluginContext,
  type RunFilter,
  type RunRecord,
} from "@mofa/kernel";
import { fail } from "./errors.ts";

/** What the gateway can see of its kernel at this moment; each part may be absent, and then says what to add. */
export interface Sight {
  control(): Control;
  engine(): Kinds["engine"];
  /** The newest thing of a kind, or undefined. */
  find<Kind extends KindName>(kind: Kind): Kinds[Kind] | undefined;
  get<Kind extends KindName>(kind: Kind, name: string): Kinds[Kind];
  /** Runs, newest first: of the engine, or of the journal where there is no engine. */
  runs(filter: RunFilter): Promise<readonly RunRecord[]>;
  /** One run with what was journalled of it. */
  run(id: string): Promise<KeptRun>;
}

export interface KeptRun {
  readonly record: RunRecord;
  readonly rows: readonly JournalRow[];
}

/** Looks at the kernel through a plugin's context. Looked up at each request: plugins come and go. */
export function createSight(ctx: PluginContext): Sight {
  return {
    control() {
      const control = ctx.find("control");
      if (control === undefined) throw fail("gateway.no_control", {}, { stack: false });
      return control;
    },
    engine() {
      const engine = ctx.find("engine");
      if (engine === undefined) throw fail("gateway.no_engine", {}, { stack: false });
      return engine;
    },
    find: (kind) => ctx.find(kind),
    get: (kind, name) => ctx.get(kind, name),
    async runs(filter) {
      const keeper = ctx.find("engine") ?? ctx.find("journal");
      if (keeper === undefined) throw fail("gateway.no_runs", {}, { stack: false });
      return keeper.list(filter);
    },
    async run(id) {
      const engine = ctx.find("engine");
      if (engine !== undefined) {
        const run = engine.open(id);
        return { record: await run.record(), rows: await run.steps() };
      }
      const journal = ctx.find("journal");
      if (journal === undefined) throw fail("gateway.no_runs", {}, { stack: false });
      const record = await journal.get(id);
      if (record === undefined) throw fail("gateway.no_run", { run: id }, { stack: false });
      return { record, rows: await journal.rows(id) };
    },
  };
}

/** A part of a page: what it shows, or the sentence that says why it shows nothing. */
export type Part<T> = { readonly is: T } | { readonly missing: string };

/** Gives what `look` finds, or the sentence of why it is not to be seen. Other failures are thrown on. */
export async function look<T>(see: () => T | Promise<T>): Promise<Part<T>> {
  try {
    return { is: await see() };
  } catch (error) {
    if (isMofaError(error) && ABSENT.has(error.code)) return { missing: error.message };
    throw error;
  }
}

const ABSENT = new Set([
  "gateway.no_control",
  "gateway.no_engine",
  "gateway.no_runs",
  "gateway.no_schedules",
  "plugin.not_granted",
]);
