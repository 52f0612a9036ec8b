// Gathers the appends of all runs of this process: what is asked for while a statement is under way goes out together
// in the next one, so that many runs share a round trip and a flush to disk.
//
// 1. One statement is under way at a time; appends are written in the order in which they were asked for.
// 2. Parts of one run that go on from each other become one, which stands or falls as a whole. Others of the same run
//    wait for the next statement.
// 3. A part that does not stand is looked into with care: it may repeat what was kept. So are parts that bring more than
//    rows, several in one transaction; when that fails, each alone, and so does each part of a statement that failed: a
//    value that is refused fails its own caller only.
// 4. Nobody hears of success before the commit.
import type { AppendOutcome, Clock, RunAppend } from "@mofa/kernel";
import { isMofaError } from "@mofa/kernel";
import { LONG_TEXT } from "../blobs.ts";
import { fail } from "../errors.ts";
import { text } from "../journal-records.ts";
import { PLACES } from "../tables.ts";
import type { Database } from "./database.ts";
import type { Part } from "./dialect.ts";
import { appendWithCare } from "./journal-append.ts";

export interface AppendQueue {
  append(batch: readonly RunAppend[]): Promise<readonly AppendOutcome[]>;
  /** Writes what waits. */
  close(): Promise<void>;
}

interface Waiting {
  /** Whether all of it is rows and plain updates. */
  readonly plain: boolean;
  /** Characters, roughly. */
  readonly size: number;
  readonly batch: readonly RunAppend[];
  readonly resolve: (outcomes: readonly AppendOutcome[]) => void;
  readonly reject: (error: unknown) => void;
}

/** One or several parts of one run, written as one. */
interface Piece {
  part: Part;
  readonly members: RunAppend[];
}

// Failures that would meet everybody again. Others are those of one part, which is found by trying each alone.
const WIDE = ["connection_lost", "unreachable", "closed", "full", "read_only", "access_denied", "not_allowed"];

// Longer statements gain nothing and keep others waiting; MySQL takes no packet above 16 MB unless told.
const MOST_PARTS = 128;
const MOST_CHARACTERS = 4_000_000;

/** Makes a queue. */
export function createAppendQueue(database: Database, clock: Clock): AppendQueue {
  const queue: Waiting[] = [];
  let running: Promise<void> | undefined;

  async function drain(): Promise<void> {
    // All of this turn of the event loop come together first.
    await new Promise((resolve) => setImmediate(resolve));
    while (queue.length > 0) await writeNext();
    running = undefined;
  }

  async function writeNext(): Promise<void> {
    const plain = queue[0]?.plain === true;
    const together = queue.splice(0, countOf(queue, plain));
    const groups = together.map(({ batch }) => batch);
    settle(together, plain ? await quickly(groups.flat()) : await withCare(groups));
  }

  function settle(waiting: readonly Waiting[], outcomes: Outcomes): void {
    for (const { batch, resolve, reject } of waiting) {
      const mine = batch.map((part) => outcomes.get(part));
      const failed = mine.find((one) => isFailed(one));
      if (failed === undefined) resolve(mine.map((one) => (one as AppendOutcome | undefined) ?? "fenced"));
      else reject((failed as Failed).failure);
    }
  }

  /** Writes groups in one transaction; if that fails on one of them, each in its own. */
  async function withCare(groups: readonly (readonly RunAppend[])[]): Promise<Outcomes> {
    const parts = groups.flat();
    if (parts.length === 0) return new Map();
    try {
      const outcomes = await appendWithCare(database, parts, clock);
      return new Map(parts.map((part, at) => [part, outcomes[at] ?? "fenced"]));
    } catch (failure) {
      if (groups.length === 1 || isWide(failure)) return new Map(parts.map((part) => [part, { failure }]));
    }
    const alone: [RunAppend, Outcome][] = [];
    for (const group of groups) alone.push(...(await withCare([group])));
    return new Map(alone);
  }

  async function quickly(parts: readonly RunAppend[]): Promise<Outcomes> {
    const outcomes = new Map<RunAppend, Outcome>();
    for (const wave of wavesOf(parts)) await writeWave(wave, outcomes);
    return outcomes;
  }

  async function writeWave(wave: readonly Piece[], outcomes: Map<RunAppend, Outcome>): Promise<void> {
    const stand = await tryWave(wave);
    const fallen: RunAppend[] = [];
    for (const [at, { members }] of wave.entries()) {
      for (const part of members) {
        if ("failure" in stand) outcomes.set(part, stand);
        else if (stand[at] === true) outcomes.set(part, "kept");
        else fallen.push(part);
      }
    }
    for (const [one, outcome] of await withCare(fallen.map((part) => [part]))) outcomes.set(one, outcome);
  }

  /** What stands; nothing does when the statement failed on one of its parts. */
  async function tryWave(wave: readonly Piece[]): Promise<readonly boolean[] | Failed> {
    const parts = wave.map((piece) => piece.part);
    try {
      return await database.use((connection) => database.dialect.append(connection, parts, clock.now()));
    } catch (failure) {
      return isWide(failure) ? { failure } : [];
    }
  }

  return {
    append(batch) {
      const { run } = batch.find(({ seq, rows }) => seq + rows.length > PLACES) ?? {};
      if (run !== undefined) return Promise.reject(fail("run.too_long", { run, most: PLACES }));
      return new Promise((resolve, reject) => {
        const size = batch.reduce((sum, part) => sum + sizeOf(part), 0);
        queue.push({ batch, size, plain: batch.every((part) => isPlain(part, size)), resolve, reject });
        running ??= drain();
      });
    },
    async close() {
      await running;
    },
  };
}

type Outcome = AppendOutcome | Failed;
type Outcomes = ReadonlyMap<RunAppend, Outcome>;

interface Failed {
  readonly failure: unknown;
}

function isFailed(outcome: Outcome | undefined): boolean {
  return typeof outcome === "object" && "failure" in outcome;
}

function isWide(failure: unknown): boolean {
  return WIDE.some((code) => isMofaError(failure, `database.${code}`));
}

/** Whether a part is rows and a change of status, all of which the quick statement writes. */
function isPlain(part: RunAppend, size: number): boolean {
  const { tasks, letters, consumed, listens, unlistens, writes, update, rows } = part;
  const more = [tasks, letters, consumed, listens, unlistens, writes].some((list) => (list?.length ?? 0) > 0);
  if (more || update?.park !== undefined || update?.restart !== undefined) return false;
  const values = [update?.output, update?.error, ...rows.flatMap(({ body, error }) => [body, error])];
  return size <= LONG_TEXT || values.every((value) => (text(value)?.length ?? 0) <= LONG_TEXT);
}

/** How many of the queue go out together: those that are written in the same way. */
function countOf(queue: readonly Waiting[], plain: boolean): number {
  let parts = 0;
  let characters = 0;
  let count = 0;
  for (const waiting of queue) {
    if (waiting.plain !== plain) break;
    parts += waiting.batch.length;
    characters += waiting.size;
    if (count > 0 && (parts > MOST_PARTS || characters > MOST_CHARACTERS)) break;
    count++;
  }
  return count;
}

// What is long in a part is the text in its values; how it is cut into rows matters little.
function sizeOf({ rows, update }: RunAppend): number {
  return JSON.stringify([rows, update]).length;
}

/** Puts parts into statements in which each run comes once. */
function wavesOf(parts: readonly RunAppend[]): readonly (readonly Piece[])[] {
  const waves: Map<string, Piece>[] = [];
  const lastOf = new Map<string, number>();
  for (const member of parts) {
    const at = lastOf.get(member.run);
    const before = at === undefined ? undefined : waves[at]?.get(member.run);
    if (before !== undefined && goesOn(before.part, member)) {
      before.part = { ...member, seq: before.part.seq, rows: [...before.part.rows, ...member.rows] };
      before.members.push(member);
      continue;
    }
    const wave = at === undefined ? 0 : at + 1;
    lastOf.set(member.run, wave);
    const pieces = waves[wave] ?? new Map<string, Piece>();
    waves[wave] = pieces.set(member.run, { part: member, members: [member] });
  }
  return waves.map((wave) => [...wave.values()]);
}

function goesOn(before: Part, next: RunAppend): boolean {
  return before.epoch === next.epoch && before.update === undefined && before.seq + before.rows.length === next.seq;
}
