// What keeping a run takes at the least: a row for the run, one fenced row for each step, and the run's end.
import { DatabaseSync } from "node:sqlite";
import { openFolder } from "./folder.ts";

export interface Limit {
  /** Does one run of so many steps. */
  run(steps: number, text: string): Promise<void>;
  end(): Promise<void>;
}

const TABLES = `
  CREATE TABLE run (n INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, status TEXT NOT NULL) STRICT;
  CREATE TABLE step (place INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT;`;
const STEPS = 2 ** 24;

/** `grouped`: what all runs write in one turn of the event loop is one transaction. */
export async function sqliteLimit(
  file: string,
  { synchronous, grouped }: { readonly synchronous: "NORMAL" | "FULL"; readonly grouped: boolean },
): Promise<Limit> {
  const database = new DatabaseSync(file);
  database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = ${synchronous}; ${TABLES}`);
  const begin = database.prepare("INSERT INTO run (epoch, status) VALUES (1, 'running')");
  const keep = database.prepare("INSERT INTO step SELECT ?, ? FROM run WHERE n = ? AND epoch = 1");
  const finish = database.prepare("UPDATE run SET status = 'done' WHERE n = ? AND epoch = 1");
  const write = grouped ? inGroups(database) : async (work: () => void) => work();
  return {
    async run(steps, text) {
      let n = 0;
      await write(() => {
        n = Number(begin.run().lastInsertRowid);
      });
      const body = JSON.stringify(text);
      for (let index = 0; index < steps; index++) await write(() => void keep.run(n * STEPS + index, body, n));
      await write(() => void finish.run(n));
    },
    end: async () => database.close(),
  };
}

function inGroups(database: DatabaseSync): (work: () => void) => Promise<void> {
  let waiting: { readonly work: () => void; readonly done: () => void }[] = [];
  const flush = () => {
    const all = waiting;
    waiting = [];
    database.exec("BEGIN IMMEDIATE");
    for (const { work } of all) work();
    database.exec("COMMIT");
    for (const { done } of all) done();
  };
  return (work) =>
    new Promise((done) => {
      if (waiting.length === 0) setImmediate(flush);
      waiting.push({ work, done });
    });
}

/** The same in a folder of its own. */
export async function ownLimit(options: Parameters<typeof sqliteLimit>[1]): Promise<Limit> {
  const folder = await openFolder();
  const limit = await sqliteLimit(folder.file, options);
  return {
    run: limit.run,
    async end() {
      await limit.end();
      await folder.delete();
    },
  };
}
