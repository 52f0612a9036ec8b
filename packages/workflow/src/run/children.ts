// Runs that other runs begin and wait for.
//
// 1. A child's id comes from the step that began it, so that it is begun once, however often that step is replayed.
// 2. What a child came to is a result of its parent's, kept before the parent's code sees it.
import {
  type ErrorJson,
  fromErrorJson,
  type Journal,
  type Json,
  type NewRun,
  RUN_ENDS,
  type RunRecord,
} from "@mofa/kernel";
import { fail } from "../errors.ts";
import type { StepFrame } from "./frame.ts";
import { hashText, identify } from "./identity.ts";
import type { RunLog } from "./run-log.ts";

export interface ChildrenOptions {
  readonly journal: Journal;
  start(run: NewRun): Promise<RunRecord>;
  /** Cancels a run wherever it is worked on. */
  cancel(run: string, reason: unknown): Promise<void>;
}

/** What a child is made of; its place among others makes its id. */
type ChildDraft = Omit<NewRun, "id" | "parent">;

export interface Children {
  /** Begins a child under a step, once; gives its id. */
  begin(frame: StepFrame, draft: ChildDraft, id: string | undefined): Promise<string>;
  /** Waits for what a child came to. */
  result(frame: StepFrame, child: string, name: string): Promise<unknown>;
  /** Looks at the children that a run waits for. */
  look(log: RunLog): Promise<void>;
  /** Hears that a run has ended in this process. */
  ended(run: string): Promise<void>;
  /** Cancels all open children of a run. */
  cancelOf(run: string, reason: unknown): Promise<void>;
}

interface Waiter {
  readonly run: string;
  readonly child: string;
  give(record: RunRecord): void;
}

export function createChildren({ journal, start, cancel }: ChildrenOptions): Children {
  const waiting = new Set<Waiter>();

  async function lookAt(waiters: readonly Waiter[]): Promise<void> {
    if (waiters.length === 0) return;
    const ids = [...new Set(waiters.map(({ child }) => child))];
    const records = new Map((await journal.list({ ids, limit: ids.length })).map((record) => [record.id, record]));
    for (const waiter of waiters) {
      const record = records.get(waiter.child);
      if (record !== undefined && RUN_ENDS.includes(record.status)) waiter.give(record);
    }
  }

  async function untilEnded(frame: StepFrame, child: string): Promise<RunRecord> {
    let found: RunRecord | undefined;
    await frame.wait({}, (wake) => {
      const disarm = () => void waiting.delete(waiter);
      const waiter: Waiter = {
        run: frame.run,
        child,
        give(record) {
          found = record;
          disarm();
          wake();
        },
      };
      waiting.add(waiter);
      // It may have ended before; if that cannot be read now, the journal wakes the run at the next look.
      frame.log.query(() => lookAt([waiter])).catch(() => {});
      return disarm;
    });
    if (found === undefined) throw fail("run.not_found", { run: child });
    return found;
  }

  return {
    async begin(frame, draft, id) {
      const { kind, name, input } = draft;
      const key = frame.place(identify({ kind: "run", name: `${kind}.${name}`, input, key: id }));
      const kept = frame.log.take(key);
      if (kept !== undefined) return String(kept.body);
      await frame.log.ready();
      const own = id ?? `${frame.run.slice(0, 64)}.${hashText(`${frame.key}/${key}`).slice(0, 16)}`;
      // First the child, then the row: what has a row was begun, and is never begun again.
      const record = await frame.log.query(() => start({ ...draft, id: own, parent: { run: frame.run, key } }));
      if (record.kind !== kind || record.name !== name)
        throw fail("run.id_taken", { run: own, kind: record.kind, name: record.name });
      await frame.log.append({ rows: [frame.row({ key, type: "child", kind, name, body: record.id })] });
      return record.id;
    },
    async result(frame, child, name) {
      const key = frame.place(`result:${child}`);
      const kept = frame.log.take(key);
      if (kept !== undefined) return outcome(kept);
      await frame.log.ready();
      const { status, output, error } = await untilEnded(frame, child);
      const result =
        status === "done" ? { ...(output !== undefined && { body: output }) } : { error: error ?? NO_REASON };
      await frame.log.append({ rows: [frame.row({ key, type: "step", kind: "run", name, ...result })] });
      return outcome(result);
    },
    look: ({ run }) => lookAt([...waiting].filter((waiter) => waiter.run === run)),
    ended: (run) => lookAt([...waiting].filter(({ child }) => child === run)),
    async cancelOf(run, reason) {
      const open = await journal.list({ parent: run, status: ["queued", "running", "waiting"], limit: MOST_CHILDREN });
      await Promise.all(open.map(({ id }) => cancel(id, reason)));
    },
  };
}

const MOST_CHILDREN = 10_000;
const NO_REASON: ErrorJson = { code: "run.cancelled", message: "The run was cancelled.", retryable: false };

function outcome({ body, error }: { readonly body?: Json; readonly error?: ErrorJson }): unknown {
  if (error !== undefined) throw fromErrorJson(error);
  return body;
}
