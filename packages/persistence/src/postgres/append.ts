import { RUN_ENDS } from "@mofa/kernel";
import { text } from "../journal-records.ts";
import type { Connection } from "../server/database.ts";
import type { Part } from "../server/dialect.ts";
import type { Values } from "../server/statement.ts";
import { PLACES } from "../tables.ts";

const ENDS = RUN_ENDS.map((status) => `'${status}'`).join(", ");

/**
 * Appends to many runs, each fenced on its own, in one statement.
 *
 * - `held` locks the runs that are owned under the epoch named, in one order. A claim that is under way is waited for,
 *   and then the run is looked at again: the lock is the fence. Not one that ends and has a parent, which would have to
 *   be locked as well.
 * - `fit` are those that come next in their run, looked up one by one: EXISTS may be planned as a look at all rows. Not
 *   one that ends and still listens: the few that do would cost every statement another deletion. Two that want one
 *   place at once both fit; then the key refuses, and the statement fails as a whole.
 */
const APPEND = `WITH part AS MATERIALIZED (
    SELECT * FROM unnest(:runs::text[], :epochs::int8[], :seqs::int8[], :states::text[], :outputs::text[], :errors::text[])
      WITH ORDINALITY AS p (run, epoch, seq, state, output, error, i)
  ), held AS MATERIALIZED (
    SELECT r.n, p.i, p.epoch, p.seq, p.state, p.output, p.error, coalesce(p.state IN (${ENDS}), false) AS ends
    FROM part p JOIN mofa_run r ON r.id = p.run COLLATE "C"
    WHERE r.epoch = p.epoch AND r.owner IS NOT NULL
      AND (p.state IS NULL OR p.state NOT IN (${ENDS}) OR r.parent_run IS NULL)
    ORDER BY r.n FOR NO KEY UPDATE OF r
  ), fit AS MATERIALIZED (
    SELECT * FROM held h
    WHERE (h.seq = 0 OR (SELECT w.place FROM mofa_row w WHERE w.place = h.n * ${PLACES} + h.seq - 1) IS NOT NULL)
      AND (SELECT w.place FROM mofa_row w WHERE w.place = h.n * ${PLACES} + h.seq) IS NULL
      AND (NOT h.ends OR (SELECT l.n FROM mofa_listen l WHERE l.run = h.n LIMIT 1) IS NULL)
  ), added AS (
    INSERT INTO mofa_row (place, epoch, "key", parent, type, kind, name, body, error, at)
    SELECT f.n * ${PLACES} + w.seq, f.epoch, w."key", w.parent, w.type, w.kind, w.name, w.body, w.error, w.at
    FROM unnest(:owners::int8[], :places::int8[], :keys::text[], :parents::text[], :types::text[], :kinds::text[],
      :names::text[], :bodies::text[], :faults::text[], :times::int8[])
      AS w (i, seq, "key", parent, type, kind, name, body, error, at)
    JOIN fit f ON f.i = w.i
  ), changed AS (
    UPDATE mofa_run r SET status = f.state, output = coalesce(f.output, r.output), error = coalesce(f.error, r.error),
      owner = CASE WHEN f.state IN ('running', 'waiting') THEN r.owner END,
      lease_until = CASE WHEN f.state IN ('running', 'waiting') THEN r.lease_until END,
      updated_at = :now::int8,
      finished_at = CASE WHEN f.state IN ('running', 'waiting', 'queued') THEN r.finished_at ELSE :now::int8 END
    FROM fit f WHERE r.n = f.n AND f.state IS NOT NULL
  )
  SELECT i FROM fit`;

/** Writes parts of different runs, and says which stand. */
export async function appendTogether(connection: Connection, parts: readonly Part[], now: number) {
  const { rows } = await connection.run<{ readonly i: number }>(APPEND, { ...columnsOf(parts), now });
  const stand = new Set(rows.map((row) => row.i));
  return parts.map((_, index) => stand.has(index + 1));
}

function columnsOf(parts: readonly Part[]): Values {
  const rows = parts.flatMap((part, index) =>
    part.rows.map((row, at) => ({ ...row, owner: index + 1, place: part.seq + at })),
  );
  return {
    runs: list(parts.map((part) => part.run)),
    epochs: list(parts.map((part) => part.epoch)),
    seqs: list(parts.map((part) => part.seq)),
    states: list(parts.map(({ update }) => update?.status ?? null)),
    outputs: list(parts.map(({ update }) => text(update?.output))),
    errors: list(parts.map(({ update }) => text(update?.error))),
    owners: list(rows.map((row) => row.owner)),
    places: list(rows.map((row) => row.place)),
    keys: list(rows.map((row) => row.key)),
    parents: list(rows.map((row) => row.parent)),
    types: list(rows.map((row) => row.type)),
    kinds: list(rows.map((row) => row.kind)),
    names: list(rows.map((row) => row.name)),
    bodies: list(rows.map((row) => text(row.body))),
    faults: list(rows.map((row) => text(row.error))),
    times: list(rows.map((row) => row.at)),
  };
}

/** A list as PostgreSQL writes one: a statement that is prepared has a fixed number of places. */
function list(values: readonly (string | number | null)[]): string {
  const written = values.map((value) => {
    if (typeof value !== "string") return value === null ? "NULL" : String(value);
    return `"${value.replaceAll(/["\\]/g, "\\$&")}"`;
  });
  return `{${written.join(",")}}`;
}
