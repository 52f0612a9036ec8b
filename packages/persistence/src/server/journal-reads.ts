import { type Journal, type RunCount, type RunFilter, type RunRecord, toErrorJson } from "@mofa/kernel";
import { fail } from "../errors.ts";
import { headOf, type KeptRun, type KeptSignal, type KeptTask, toRow, toSignal, toTask } from "../journal-records.ts";
import { afterPrefix } from "../ranges.ts";
import type { Database } from "./database.ts";
import { findRun, readable, readRuns } from "./journal-runs.ts";
import { SQL } from "./journal-sql.ts";
import { fillTexts } from "./journal-texts.ts";
import { placeOf } from "./places.ts";
import type { Value } from "./statement.ts";

type Reads = Pick<Journal, "get" | "rows" | "list" | "counts" | "tasks" | "task" | "signals" | "listens" | "topics">;
type Values = Record<string, Value | readonly Value[]>;

const TEXTS = ["question", "answer"] as const;

/** The half of a journal that only looks. */
export function journalReads(database: Database): Reads {
  const { file, use } = database;

  // One that cannot be read is shown with the reason as its question: the others are still to be answered.
  function toShownTask(task: KeptTask) {
    try {
      return toWholeTask(file, task);
    } catch (error) {
      return toTask({ ...task, question: JSON.stringify({ title: toErrorJson(error).message }), answer: null });
    }
  }

  return {
    async get(id) {
      return use(async (connection) => {
        const found = await findRun(connection, id);
        if (found === undefined) return undefined;
        const [run] = await readRuns({ connection, file }, [found], rethrow);
        return run;
      });
    },
    async rows(id) {
      return use(async (connection) => {
        const run = await findRun(connection, id);
        if (run === undefined) return [];
        const range = { from: placeOf(run.n, 0), to: placeOf(run.n + 1, 0) };
        const { rows } = await connection.run<Parameters<typeof toRow>[0]>(SQL.rows, range);
        const whole = await fillTexts(connection, rows, ["body", "error"]);
        return whole.map((row, index) => toWholeRow({ file, id, index }, row));
      });
    },
    async list(filter = {}) {
      const { where, values } = conditionsOf(filter);
      const text = `${SQL.runs} ${where} ORDER BY r.n DESC LIMIT :limit`;
      return use(async (connection) => {
        const { rows } = await connection.ask<KeptRun>(text, { ...values, limit: filter.limit ?? 100 });
        // One that cannot be read is shown without what it was given, and says why: the others are still to be seen.
        return readRuns({ connection, file }, rows, (error, run): RunRecord => {
          return { ...headOf(run), error: toErrorJson(error) };
        });
      });
    },
    async counts() {
      return (await use((connection) => connection.run<RunCount>(SQL.counts))).rows;
    },
    async tasks({ status, run, limit = 100 } = {}) {
      const where = toWhere([status !== undefined && "t.status = :status", run !== undefined && "r.id = :run"]);
      const values = { status: status ?? null, run: run ?? null, limit };
      return use(async (connection) => {
        const { rows } = await connection.ask<KeptTask>(`${SQL.tasks} ${where} ORDER BY t.n LIMIT :limit`, values);
        return (await fillTexts(connection, rows, TEXTS)).map(toShownTask);
      });
    },
    async task(token) {
      return use(async (connection) => {
        const { rows } = await connection.run<KeptTask>(SQL.task, { token });
        const [task] = await fillTexts(connection, rows, TEXTS);
        return task === undefined ? undefined : toWholeTask(file, task);
      });
    },
    async signals(id) {
      return use(async (connection) => {
        const run = await findRun(connection, id);
        if (run === undefined) return [];
        const { rows } = await connection.run<Omit<KeptSignal, "run">>(SQL.signals, { run: run.n });
        const whole = await fillTexts(connection, rows, ["body"]);
        return whole.map((signal) =>
          readable(file, { run: id, what: `signal "${signal.id}"` }, [signal.body], () =>
            toSignal({ run: id, ...signal, body: signal.body ?? "null" }),
          ),
        );
      });
    },
    async listens({ topic, run } = {}) {
      const where = toWhere([topic !== undefined && "l.topic = :topic", run !== undefined && "r.id = :run"]);
      const values = { topic: topic ?? null, run: run ?? null };
      const text = `${SQL.listens} ${where} ORDER BY l.n`;
      return (await use((connection) => connection.ask<{ run: string; key: string; topic: string }>(text, values)))
        .rows;
    },
    async topics() {
      const { rows } = await use((connection) => connection.ask<{ topic: string }>(SQL.topics, {}));
      return rows.map(({ topic }) => topic).sort();
    },
  };
}

/** A task as the contract has it, or the name of the run whose task cannot be read. */
export function toWholeTask(file: string, task: KeptTask) {
  const what = `task "${task.token}"`;
  return readable(file, { run: task.run, what }, [task.question, task.answer], () => toTask(task));
}

function toWholeRow(
  { file, id, index }: { readonly file: string; readonly id: string; readonly index: number },
  row: Parameters<typeof toRow>[0],
) {
  const what = { run: id, what: `row ${index}` };
  if (row.seq !== index) throw fail("run.unreadable", { file, ...what, reason: "is missing" });
  return readable(file, what, [row.body, row.error], () => toRow(row));
}

function conditionsOf({ status, name, ids, prefix, queue, parent, owned, before }: RunFilter) {
  const end = prefix === undefined ? undefined : afterPrefix(prefix);
  const values: Values = {
    ...(status !== undefined && { status }),
    ...(name !== undefined && { action: name }),
    ...(ids !== undefined && { ids }),
    ...(prefix !== undefined && { prefix }),
    ...(end !== undefined && { end }),
    ...(queue !== undefined && { queue }),
    ...(parent !== undefined && { parent }),
    ...(before !== undefined && { before }),
  };
  const where = toWhere([
    status !== undefined && "r.status IN (:status)",
    name !== undefined && "r.name = :action",
    ids !== undefined && "r.id IN (:ids)",
    prefix !== undefined && "r.id >= :prefix",
    end !== undefined && "r.id < :end",
    queue !== undefined && "r.queue = :queue",
    parent !== undefined && "r.parent_run = :parent",
    // What is owned has a lease, by which it is found among very many that are not.
    owned !== undefined && (owned ? "r.lease_until IS NOT NULL" : "r.owner IS NULL"),
    before !== undefined && "r.n < (SELECT b.n FROM mofa_run b WHERE b.id = :before)",
  ]);
  return { where, values };
}

function toWhere(conditions: readonly (string | false)[]): string {
  const asked = conditions.filter((one) => one !== false);
  return asked.length === 0 ? "" : `WHERE ${asked.join(" AND ")}`;
}

function rethrow(error: unknown): never {
  throw error;
}
