import { fail } from "../errors.ts";
import { canonicalJson, type Json, toJson } from "../json.ts";
import type { RunAppend } from "./journal.ts";
import type { JournalRow, NewRun } from "./journal-records.ts";

/**
 * Makes the errors that the contracts name (`document.conflict`, `session.conflict`, `run.not_found`, `task.…`), so
 * that every store, session store, journal and memory refuses in the same words.
 */
export const refuse: typeof fail = fail;

/** Refuses an id that no database could keep faithfully: empty, over-long, with control characters or half characters. */
export function checkId(thing: "document" | "session" | "fact" | "run", id: string): string {
  if (typeof id === "string" && /^[^\p{Cc}]{1,512}$/u.test(id) && id.isWellFormed()) return id;
  throw fail(`${thing}.bad_id`, { id: String(id).slice(0, 600) });
}

/** Orders ids by code points, which is how databases order UTF-8: `<` on strings differs beyond the basic plane. */
export function compareIds(left: string, right: string): number {
  const shared = Math.min(left.length, right.length);
  for (let index = 0; index < shared; index++) {
    const difference = rankOf(left.charCodeAt(index)) - rankOf(right.charCodeAt(index));
    if (difference !== 0) return difference;
  }
  return left.length - right.length;
}

function rankOf(unit: number): number {
  return unit >= 0xd800 && unit <= 0xdfff ? unit + 0x10000 : unit;
}

/** Copies a new run into plain data, or says what in it is not. */
export function copyRun(run: NewRun): NewRun {
  checkId("run", run.id);
  return toJson(run) as unknown as NewRun;
}

/** Copies an append into plain data before anything of a batch is written, or says what in it is not. */
export function copyAppend(part: RunAppend): RunAppend {
  return toJson(part) as unknown as RunAppend;
}

/** Tells whether a kept row and a row to keep are the same: how a repeated append is recognised. */
export function sameRow(kept: Omit<JournalRow, "seq">, given: Omit<JournalRow, "seq">): boolean {
  return rowText(kept) === rowText(given);
}

function rowText({ key, parent, type, kind, name, body, error, at }: Omit<JournalRow, "seq">): string {
  return canonicalJson({ key, parent, type, kind, name, body, error: error as Json | undefined, at });
}
