import type { JournalRow } from "@mofa/kernel";
import { text } from "../journal-records.ts";
import { tables } from "../tables.ts";
import { SEQ } from "./places.ts";
import { fields, into, type Value } from "./statement.ts";

const RUN = `SELECT ${fields(tables.run, "r")} FROM mofa_run r`;
const ROW = Object.keys(tables.row.columns)
  .filter((name) => name !== "place")
  .map((name) => `"${name}"`)
  .join(", ");
// A task tells the id of its run; its own number is nobody's business.
const TASK_FIELDS = fields(tables.task, "t").replace('t."n" AS "n", ', "").replace('t."run" AS "run"', 'r.id AS "run"');
const TASK = `SELECT ${TASK_FIELDS} FROM mofa_task t JOIN mofa_run r ON r.n = t.run`;

/** The journal's statements, in words that PostgreSQL, MySQL and MariaDB share. */
export const SQL = {
  run: `${RUN} WHERE r.id = :id`,
  runHeld: `${RUN} WHERE r.id = :id FOR UPDATE`,
  /** Locked in one order, so that two batches never wait for each other. */
  runsHeld: `${RUN} WHERE r.id IN (:ids) ORDER BY r.n FOR UPDATE`,
  runs: RUN,
  addRun: into(tables.run, ["n"]),
  updateRun: `UPDATE mofa_run SET status = :status, output = :output, error = :error, epoch = :epoch, owner = :owner,
    lease_until = :leaseUntil, takeovers = :takeovers, cancel_requested = :cancelRequested, updated_at = :updatedAt,
    finished_at = :finishedAt WHERE id = :id`,
  rows: `SELECT ${SEQ} AS seq, ${ROW} FROM mofa_row WHERE place >= :from AND place < :to ORDER BY place`,
  last: `SELECT ${SEQ} AS seq FROM mofa_row WHERE place >= :from AND place < :to ORDER BY place DESC LIMIT 1`,
  addRows: `INSERT INTO mofa_row (place, ${ROW})`,
  task: `${TASK} WHERE t.token = :token`,
  tasks: TASK,
  addTask: into(tables.task, ["n", "answer"]),
  answer: "UPDATE mofa_task SET status = 'answered', answer = :answer WHERE token = :token AND status = 'open'",
  /** The old owner is asked for before it is replaced: MySQL sets columns from left to right. */
  take: `UPDATE mofa_run SET takeovers = takeovers + CASE WHEN owner IS NULL THEN 0 ELSE 1 END, epoch = epoch + 1,
    status = 'running', owner = :worker, lease_until = :until, updated_at = :now WHERE n IN (:taken)`,
  /** A worker may have lost a run and taken it again: only the epoch named is meant. */
  mine: `SELECT r.n, r.id, r.epoch FROM mofa_run r WHERE r.owner = :worker AND r.id IN (:ids)
    AND concat(r.id, ' ', r.epoch) IN (:owned) ORDER BY r.n FOR UPDATE`,
  renew: "UPDATE mofa_run SET lease_until = :until WHERE n IN (:mine)",
} as const;

/** The values of a row in the order of `SQL.addRows`. */
export function rowValues(row: Omit<JournalRow, "seq">, place: string, epoch: number): readonly Value[] {
  const { key, parent, type, kind, name, body, error, at } = row;
  return [place, epoch, key, parent, type, kind, name, text(body), text(error), at];
}
