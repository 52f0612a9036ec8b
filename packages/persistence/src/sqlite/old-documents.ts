// The old documents of a file.
//
// 1. Documents have no index by time, which would double what a change of one costs: all with the prefix are looked at.
// 2. A million of them take seconds. They are looked at and deleted some at a time, and others get their turn in between.
import { setImmediate as turn } from "node:timers/promises";
import type { OldFilter } from "@mofa/kernel";
import { and, asc, eq, gt, gte, lt, sql } from "drizzle-orm";
import { afterPrefix } from "../ranges.ts";
import type { Database } from "./database.ts";
import { document } from "./tables.ts";

interface Aged {
  readonly n: number;
  readonly at: number;
}

const PAGE = 2_000;
const SLICE = 200;

/** Deletes the old ones, but none that is changed meanwhile, and empties the log of changes; says how many. */
export async function pruneDocuments(database: Database, filter: OldFilter): Promise<number> {
  const { db, write, scrub } = database;
  const same = and(eq(document.n, sql.placeholder("n")), eq(document.at, sql.placeholder("at")));
  const remove = db.delete(document).where(same).prepare();
  const old = await findOld(database, filter);
  let gone = 0;
  for (let from = 0; from < old.length; from += SLICE) {
    const slice = old.slice(from, from + SLICE);
    gone += await write(() => slice.reduce((sum, one) => sum + remove.run({ ...one }).changes, 0));
  }
  if (gone > 0) scrub();
  return gone;
}

async function findOld(database: Database, filter: OldFilter): Promise<readonly Aged[]> {
  const { before, keep, limit = 1_000 } = filter;
  if (before === undefined && keep === undefined) return [];
  // Numbers and no objects: there may be a million.
  const numbers: number[] = [];
  const times: number[] = [];
  let aged = 0;
  for await (const page of pages(database, filter)) {
    for (const { n, at } of page) {
      const isAged = before !== undefined && at < before;
      if (isAged) aged++;
      // Without a count to keep, nothing needs to be known of the others.
      if (!isAged && keep === undefined) continue;
      numbers.push(n);
      times.push(at);
    }
  }
  const surplus = keep === undefined ? 0 : numbers.length - Math.max(0, keep);
  const going = Math.min(limit, Math.max(aged, surplus, 0));
  return oldest(numbers, times, going);
}

async function* pages({ db, read }: Database, { prefix = "" }: OldFilter): AsyncGenerator<readonly Aged[]> {
  const { n, id, at } = document;
  const end = afterPrefix(prefix);
  const below = end === undefined ? undefined : lt(id, end);
  for (let from = gte(id, prefix), more = true; more; await turn()) {
    const query = db.select({ n, id, at }).from(document).where(and(from, below)).orderBy(asc(id)).limit(PAGE);
    const page = read(() => query.all());
    yield page;
    from = gt(id, page.at(-1)?.id ?? "");
    more = page.length === PAGE;
  }
}

/** The oldest of those that were found in the order of their ids: of the same time, the first. */
function oldest(numbers: readonly number[], times: readonly number[], count: number): readonly Aged[] {
  const latest = Float64Array.from(times).sort()[count - 1];
  if (latest === undefined) return [];
  const older = times.filter((at) => at < latest).length;
  let equal = count - older;
  const found: Aged[] = [];
  for (const [index, at] of times.entries()) {
    if (at < latest || (at === latest && equal-- > 0)) found.push({ n: numbers[index] as number, at });
  }
  return found;
}
