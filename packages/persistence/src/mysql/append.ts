import { RUN_ENDS } from "@mofa/kernel";
import { text } from "../journal-records.ts";
import type { Connection } from "../server/database.ts";
import type { Part } from "../server/dialect.ts";
import { rowValues, SQL } from "../server/journal-sql.ts";
import { placeOf } from "../server/places.ts";
import type { Value } from "../server/statement.ts";
import { PLACES } from "../tables.ts";

// Locked, so that a claim waits, or is waited for and then seen: the lock is the fence. In one order, so that two
// batches never wait for each other. Places are looked up one by one: for a range that depends on the run, MySQL reads
// the table from its end.
const SEQ = "CAST(elt(field(r.id, :ids), :seqs) AS signed)";
const HOLD = `SELECT r.n, r.id, r.epoch, r.parent_run AS parent,
    (SELECT count(*) FROM mofa_row w WHERE w.place = r.n * ${PLACES} + ${SEQ} - 1) AS fore,
    (SELECT count(*) FROM mofa_row w WHERE w.place = r.n * ${PLACES} + ${SEQ}) AS taken
  FROM mofa_run r WHERE r.id IN (:ids) AND r.owner IS NOT NULL ORDER BY r.n FOR UPDATE`;

interface Held {
  readonly n: number;
  readonly id: string;
  readonly epoch: number;
  /** Who waits for its end, and would have to be locked as well. */
  readonly parent: string | null;
  /** Whether there is a row before the place wanted, and in it. */
  readonly fore: number;
  readonly taken: number;
}

/** Statements and their values, gathered to be sent as one. */
interface Script {
  readonly statements: string[];
  readonly values: Record<string, Value | readonly Value[]>;
}

/**
 * Appends to many runs, each fenced on its own, in two round trips: the runs are locked and looked at, then all rows are
 * written by one statement. Two that want one place at once both go as far as the key, which makes it fail as a whole.
 */
export async function appendTogether(connection: Connection, parts: readonly Part[], now: number) {
  try {
    const held = await send(connection, {
      statements: ["START TRANSACTION", HOLD],
      values: { ids: parts.map((part) => part.run), seqs: parts.map((part) => part.seq) },
    });
    const runs = new Map((held[1]?.rows as readonly Held[] | undefined)?.map((run) => [run.id, run]));
    const script: Script = { statements: [], values: {} };
    const stand = parts.map((part) => isNext(part, runs.get(part.run)));
    const fit = parts.flatMap((part, at) => (stand[at] ? { part, n: runs.get(part.run)?.n ?? 0 } : []));
    addRows(script, fit);
    for (const one of fit) addUpdate(script, one, now);
    script.statements.push("COMMIT");
    await send(connection, script);
    return stand;
  } catch (thrown) {
    await connection.ask("ROLLBACK");
    throw thrown;
  }
}

async function send({ script }: Connection, { statements, values }: Script) {
  return script === undefined ? [] : script(statements.join("; "), values);
}

function isNext({ epoch, seq, update }: Part, run: Held | undefined): boolean {
  if (update !== undefined && RUN_ENDS.includes(update.status) && run?.parent !== null) return false;
  return run !== undefined && run.epoch === epoch && run.taken === 0 && (seq === 0 || run.fore > 0);
}

interface Fit {
  readonly part: Part;
  readonly n: number;
}

function addRows({ statements, values }: Script, fit: readonly Fit[]): void {
  const rows = fit.flatMap(({ part: { rows, seq, epoch }, n }) =>
    rows.map((row, index) => rowValues(row, placeOf(n, seq + index), epoch)),
  );
  if (rows.length === 0) return;
  for (const [index, row] of rows.entries()) values[`row${index}`] = row;
  statements.push(`${SQL.addRows} VALUES ${rows.map((_, index) => `(:row${index})`).join(", ")}`);
}

function addUpdate({ statements, values }: Script, { part: { update }, n }: Fit, now: number): void {
  if (update === undefined) return;
  const { status, output, error } = update;
  const ends = RUN_ENDS.includes(status);
  const at = statements.length;
  const free = ends || status === "queued" ? ", owner = NULL, lease_until = NULL" : "";
  statements.push(`UPDATE mofa_run SET status = :status${at}, output = coalesce(:output${at}, output),
    error = coalesce(:error${at}, error), updated_at = :now${at}${ends ? `, finished_at = :now${at}` : ""}${free}
    WHERE n = :n${at}`);
  if (ends) statements.push(`DELETE FROM mofa_listen WHERE run = :n${at}`);
  const named = { status, output: text(output), error: text(error), now, n };
  for (const [name, value] of Object.entries(named)) values[`${name}${at}`] = value;
}
