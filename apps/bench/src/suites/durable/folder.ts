import { mkdtemp, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** A place for one database file, deleted at the end. */
export interface Folder {
  readonly file: string;
  /** Bytes of the file, with all that was written in it; nobody may be at work on it. */
  size(): Promise<number>;
  delete(): Promise<void>;
}

export async function openFolder(): Promise<Folder> {
  const path = await mkdtemp(join(tmpdir(), "mofa-bench-"));
  const file = join(path, "runs.db");
  return {
    file,
    async size() {
      const database = new DatabaseSync(file);
      database.exec("PRAGMA wal_checkpoint(TRUNCATE)");
      database.close();
      return (await stat(file)).size;
    },
    delete: () => rm(path, { recursive: true, force: true }),
  };
}
