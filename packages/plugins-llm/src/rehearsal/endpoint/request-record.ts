// What was asked of an endpoint. Counts are exact; records and keys are the newest ones only.
import { type FileHandle, open } from "node:fs/promises";

/** One request for an answer. */
export interface RequestRecord {
  /** The request's Idempotency-Key, or "". */
  readonly key: string;
  /** Epoch milliseconds. */
  readonly at: number;
  readonly model: string;
  /** Whether its answer was sent whole. */
  readonly finished: boolean;
}

/** How often an endpoint was asked. */
export interface RequestCounts {
  readonly total: number;
  readonly finished: number;
  /** Requests by Idempotency-Key; those without one are not in it. */
  readonly byKey: Readonly<Record<string, number>>;
  /** Oldest first. */
  readonly records: readonly RequestRecord[];
}

export interface RequestBook {
  /** Takes down a request; the returned function says that its answer was sent whole. */
  begin(record: Omit<RequestRecord, "finished">): () => void;
  counts(): RequestCounts;
  /** Waits until everything is written, and lets go of the file. */
  close(): Promise<void>;
}

// A long benchmark must not fill the memory of its endpoint.
const MOST = 10_000;

/** Makes a book; with a path, each finished request is a line of JSON at its end. */
export async function openRequestBook(path: string | undefined): Promise<RequestBook> {
  const file = path === undefined ? undefined : await open(path, "a");
  const records: { key: string; at: number; model: string; finished: boolean }[] = [];
  const byKey = new Map<string, number>();
  let total = 0;
  let finished = 0;
  let writing = Promise.resolve();

  return {
    begin(given) {
      const record = { ...given, finished: false };
      total++;
      records.push(record);
      if (records.length > MOST) records.shift();
      if (record.key !== "") count(byKey, record.key);
      return () => {
        record.finished = true;
        finished++;
        if (file !== undefined) writing = writing.then(() => write(file, record));
      };
    },
    counts: () => ({
      total,
      finished,
      byKey: Object.fromEntries(byKey),
      records: records.map((record) => ({ ...record })),
    }),
    async close() {
      try {
        await writing;
      } finally {
        await file?.close();
      }
    },
  };
}

function count(counts: Map<string, number>, key: string): void {
  const before = counts.get(key) ?? 0;
  // Counted again, a key is the newest.
  counts.delete(key);
  counts.set(key, before + 1);
  const oldest = counts.keys().next().value;
  if (counts.size > MOST && oldest !== undefined) counts.delete(oldest);
}

async function write(file: FileHandle, record: RequestRecord): Promise<void> {
  await file.appendFile(`${JSON.stringify(record)}\n`);
}
