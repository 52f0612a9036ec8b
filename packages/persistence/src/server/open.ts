import type { Clock, Journal, Memory, SessionStore, Store } from "@mofa/kernel";
import type { Migration } from "../migration-steps.ts";
import type { OpenOptions } from "../open-options.ts";
import type { Searching } from "../vector-search.ts";
import { createAppendQueue } from "./append-queue.ts";
import type { Connection, Database, Driver, Lent } from "./database.ts";
import { serverJournal } from "./journal.ts";
import { serverMemory } from "./memory.ts";
import { serverSession } from "./session.ts";
import { serverStore } from "./store.ts";

/** A database server, as the four things it keeps. */
export interface Server extends Searching, AsyncDisposable {
  readonly store: Store;
  readonly session: SessionStore;
  readonly journal: Journal;
  readonly memory: Memory;
  /** Finishes what is under way, and closes every connection. */
  close(): Promise<void>;
}

type Serving = OpenOptions & {
  readonly clock: Clock;
  /** Why it is not an extension that looks for vectors, although one is there. */
  readonly instead?: string | undefined;
};

/** A server that is about to be asked. */
export interface Connecting {
  readonly driver: Driver;
  /** What errors call it. */
  readonly file: string;
  readonly migrations: readonly Migration[];
  /** Brings the tables to this version, or refuses if that is to be done by hand. */
  migrate(connection: Connection): Promise<void>;
}

/** Makes the four things of a database. */
export function serve(database: Database, name: string, { clock, embedder, instead }: Serving): Server {
  const queue = createAppendQueue(database, clock);
  const close = async () => {
    await queue.close();
    await database.close();
  };
  return {
    store: serverStore(database, clock, name),
    session: serverSession(database, clock, name),
    journal: serverJournal(database, clock, { name, queue }),
    memory: serverMemory(database, clock, { name, embedder }),
    vectorSearch: { by: database.dialect.inside?.by ?? "process", ...(instead === undefined ? {} : { instead }) },
    close,
    [Symbol.asyncDispose]: close,
  };
}

/** Runs work on a connection; one on which it failed may be in the middle of a transaction, and is closed. */
export async function borrow<T>(driver: Driver, work: (connection: Lent) => Promise<T>): Promise<T> {
  const lent = await driver.acquire();
  let done = false;
  try {
    const result = await work(lent);
    done = true;
    return result;
  } finally {
    lent.release(!done);
  }
}

/** Runs work on one connection before anybody else is served; when it fails, every connection is closed. */
export async function prepare<T>(driver: Driver, work: (connection: Lent) => Promise<T>): Promise<T> {
  try {
    return await borrow(driver, work);
  } catch (thrown) {
    await driver.end();
    throw thrown;
  }
}
