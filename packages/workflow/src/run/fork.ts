// What a new run takes over from another one.
//
// 1. What was kept before the named step was is taken over; the step, and all below it, is done anew.
// 2. What only the other run can be told of (open questions, children at work, topics) is not taken over.
import { type ForkOptions, type Journal, type JournalRow, type NewRow, nearest, RUN_ENDS } from "@mofa/kernel";
import { fail } from "../errors.ts";

/** The rows that a fork begins with, and the key of the first step that it does itself. */
export async function rowsOfFork(
  journal: Journal,
  run: string,
  options: ForkOptions,
): Promise<{ readonly rows: readonly NewRow[]; readonly from: string }> {
  const { input, results = {} } = options;
  const rows = await journal.rows(run);
  for (const key of [...(options.from === undefined ? [] : [options.from]), ...Object.keys(results)])
    checkKey(rows, run, key);
  const failed = rows.find(({ type, error }) => type === "step" && error !== undefined);
  const from = options.from ?? (input === undefined ? failed?.key : rows[0]?.key);
  const taken = input !== undefined && options.from === undefined ? [] : before(rows, from);
  const kept: NewRow[] = [];
  for (const row of taken) {
    const own = await toOwn(journal, row);
    if (own !== undefined && !(row.key in results)) kept.push(own);
  }
  for (const row of rows) {
    const body = results[row.key];
    if (body === undefined || row.type !== "step") continue;
    const { seq: _, error: __, ...rest } = row;
    kept.push({ ...rest, body });
  }
  return { rows: kept, from: from ?? "" };
}

function checkKey(rows: readonly JournalRow[], run: string, key: string): void {
  const keys = rows.map((row) => row.key);
  if (!keys.includes(key)) throw fail("run.no_step", { run, key, nearest: nearest(key, keys) });
}

/** The rows that were kept before a step's, without that step and what is below it. */
function before(rows: readonly JournalRow[], from: string | undefined): readonly JournalRow[] {
  if (from === undefined) return rows;
  // A step's own row comes last of all that it has; a row that only says that it begins does not count.
  const end = rows.findLast(({ key }) => key === from)?.seq ?? 0;
  const gone = new Set([from]);
  const isBelow = ({ key, parent }: JournalRow) => gone.has(parent) || parent.startsWith(`${from}/`) || key === from;
  for (const row of rows) if (isBelow(row)) gone.add(row.key);
  return rows.filter(({ key, seq }) => seq < end && !gone.has(key));
}

/** A row as it holds for another run; undefined where it does not. */
async function toOwn(journal: Journal, { seq: _, ...row }: JournalRow): Promise<NewRow | undefined> {
  if (row.kind === "listen") return undefined;
  if (row.type === "ask" && typeof row.body === "string") {
    const task = await journal.task(row.body);
    // The answer itself, for the question may be deleted together with its run.
    return task?.answer === undefined ? undefined : { ...row, body: JSON.parse(JSON.stringify(task)) };
  }
  if (row.type === "child") {
    const child = await journal.get(String(row.body));
    return child === undefined || !RUN_ENDS.includes(child.status) ? undefined : row;
  }
  return row;
}
