import type { Clock, Write } from "@mofa/kernel";
import { checkId } from "@mofa/kernel";
import { fail } from "../errors.ts";
import type { Database } from "./database.ts";
import { prepareDocuments } from "./store.ts";

/** Changes of the same file that stand or fall with the rows of an append. */
export interface Writes extends Pick<Database, "attempt"> {
  /** Throws at the first that cannot be done. */
  run(writes: readonly Write[]): void;
}

export function createWrites(database: Database, clock: Clock): Writes {
  const documents = prepareDocuments(database, clock);

  function run(write: Write): void {
    if (write.type === "sql") {
      const { text, values, rows: expected } = write;
      const found = database.change(text, values);
      if (expected !== undefined && found !== expected) throw fail("write.rows_differ", { text, expected, found });
      return;
    }
    checkId("document", write.id);
    if (write.type === "put") documents.put(write.id, JSON.stringify(write.body), write.version);
    else documents.delete(write.id, write.version);
  }

  return { attempt: database.attempt, run: (writes) => writes.forEach(run) };
}
