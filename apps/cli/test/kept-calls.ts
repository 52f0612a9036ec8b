import type { Journal } from "@mofa/kernel";

export interface Kept {
  /** The keys of finished model calls, as the client sends them. */
  readonly calls: ReadonlySet<string>;
  /** How many runs are done. */
  readonly done: number;
}

/** What a journal holds, of whatever database. */
export async function keptCalls(journal: Journal): Promise<Kept> {
  const calls = new Set<string>();
  const runs = await journal.list({ limit: 1000 });
  for (const run of runs) {
    for (const row of await journal.rows(run.id)) {
      if (row.type === "step" && row.kind === "model" && row.error === undefined) calls.add(`${run.id}/${row.key}`);
    }
  }
  return { calls, done: runs.filter(({ status }) => status === "done").length };
}
