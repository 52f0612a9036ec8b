import { dueOf, type JournalRow, type Priority, queuedRun } from "@mofa/kernel";
import { toShort } from "../blobs.ts";
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

const rankOf = (priority: Priority) => dueOf(queuedRun({ id: "", kind: "", name: "", input: null, priority }, 0));
const RANKED = (["critical", "high", "low"] as const).map((name) => `WHEN '${name}' THEN ${rankOf(name)}`).join(" ");
/** How much later than it may begin it is a run's turn (see the kernel's `dueOf`). */
const RANK = `CASE priority ${RANKED} ELSE ${rankOf("normal")} END`;
const PARKED = "status = 'waiting' AND owner IS NULL";

/** The journal's statements, in words that PostgreSQL, MySQL and MariaDB share. */
export const SQL = {
  run: `${RUN} WHERE r.id = :id`,
  runHeld: `${RUN} WHERE r.id = :id FOR UPDATE`,
  /** Locked in one order, so that two batches never wait for each other. */
  runsHeld: `${RUN} WHERE r.id IN (:ids) ORDER BY r.n FOR UPDATE`,
  runs: RUN,
  /** Open ones with a key; the tenant is compared by whoever asks, because empty is equal to nothing. */
  duplicates: `${RUN} WHERE r.dedupe = :dedupe AND r.queue = :queue AND r.finished_at IS NULL FOR UPDATE`,
  addRun: into(tables.run, ["n"]),
  parents: "SELECT DISTINCT r.parent_run AS id FROM mofa_run r WHERE r.id IN (:ids) AND r.parent_run IS NOT NULL",
  /** The same as the kernel's `wokenRun`. */
  wake: `UPDATE mofa_run SET wakes = wakes + 1, due = CASE WHEN ${PARKED} THEN greatest(created_at, :now) + ${RANK}
    ELSE due END, wake_at = CASE WHEN ${PARKED} THEN :now ELSE wake_at END WHERE id = :id AND finished_at IS NULL`,
  rows: `SELECT ${SEQ} AS seq, ${ROW} FROM mofa_row WHERE place >= :from AND place < :to ORDER BY place`,
  /** As text: beyond 2⁵³ a number would be rounded. */
  taken: "SELECT concat(w.place, '') AS place FROM mofa_row w WHERE w.place IN (:places)",
  addRows: `INSERT INTO mofa_row (place, ${ROW})`,
  deleteRows: "DELETE FROM mofa_row WHERE place >= :from AND place < :to",
  task: `${TASK} WHERE t.token = :token`,
  tasks: TASK,
  tokens: "SELECT t.token, r.id AS run FROM mofa_task t JOIN mofa_run r ON r.n = t.run WHERE t.token IN (:tokens)",
  addTask: into(tables.task, ["n", "answer"]),
  answer: "UPDATE mofa_task SET status = 'answered', answer = :answer WHERE token = :token AND status = 'open'",
  deleteOpenTasks: "DELETE FROM mofa_task WHERE run = :run AND status = 'open'",
  signal: `SELECT s.name, s.body, s.at FROM mofa_signal s WHERE s.run = :run AND s.id = :id`,
  addSignal: into(tables.signal, ["n"]),
  signals: `SELECT s.id, s.name, s.body, s.at FROM mofa_signal s WHERE s.run = :run AND s.consumed = 0 ORDER BY s.n`,
  consume: "UPDATE mofa_signal SET consumed = 1, body = NULL WHERE run = :run AND id IN (:ids)",
  addListen: into(tables.listen, ["n"]),
  unlisten: 'DELETE FROM mofa_listen WHERE run = :run AND "key" IN (:keys)',
  deleteListens: "DELETE FROM mofa_listen WHERE run = :run",
  listens: 'SELECT r.id AS run, l."key" AS "key", l.topic FROM mofa_listen l JOIN mofa_run r ON r.n = l.run',
  topics: "SELECT DISTINCT l.topic FROM mofa_listen l",
  addLetter: into(tables.letter, ["n"]),
  freeLetters: "SELECT l.n FROM mofa_letter l WHERE l.taken_until <= :now AND l.n > :after ORDER BY l.n LIMIT :limit",
  /** Waits for who is taking one, and then leaves it: to skip it would skip its neighbours, which MySQL locks in passing. */
  holdLetters: "SELECT l.n FROM mofa_letter l WHERE l.n IN (:free) AND l.taken_until <= :now ORDER BY l.n FOR UPDATE",
  takeLetters: "UPDATE mofa_letter SET taken_until = :until WHERE n IN (:taken)",
  letters: `SELECT l.id, r.id AS run, l.draft FROM mofa_letter l JOIN mofa_run r ON r.n = l.run
    WHERE l.n IN (:taken) ORDER BY l.n`,
  sent: "DELETE FROM mofa_letter WHERE id IN (:ids)",
  counts: "SELECT r.queue, r.status, count(*) AS count FROM mofa_run r GROUP BY r.status, r.queue",
  /** The old owner is asked for before it is replaced: MySQL sets columns from left to right. */
  take: `UPDATE mofa_run SET takeovers = CASE WHEN owner IS NULL THEN takeovers WHEN lease_until = 0 THEN 0
    ELSE takeovers + 1 END, epoch = epoch + 1,
    status = 'running', owner = :worker, lease_until = :until, started_at = coalesce(started_at, :now),
    due = created_at + ${RANK}, wake_at = NULL, updated_at = :now WHERE n IN (:taken)`,
  /** A worker may have lost a run and taken it again: only the epoch named is meant. */
  mine: `SELECT r.n, r.id, r.epoch FROM mofa_run r WHERE r.owner = :worker AND r.id IN (:ids)
    AND concat(r.id, ' ', r.epoch) IN (:owned) ORDER BY r.n FOR UPDATE`,
  renew: "UPDATE mofa_run SET lease_until = :until WHERE n IN (:mine)",
} as const;

/** The values of a row in the order of `SQL.addRows`. */
export function rowValues(row: Omit<JournalRow, "seq">, place: string, epoch: number): readonly Value[] {
  const { key, parent, type, kind, name, body, error, at } = row;
  return [place, epoch, key, parent, type, kind, name, toShort(text(body)), toShort(text(error)), at];
}
