// One database server, spoken to over several connections.
//
// 1. Work is a function of one connection. It is tried again when the server took it back (a deadlock), when it could
//    not be reached, and, if repeating is harmless, when the connection was lost and nobody knows what became of it.
// 2. Work that may be repeated is told so (`again`), and recognises what it did the first time.
// 3. A connection that was lost, or whose transaction could not be rolled back, is never lent again.
// 4. Closing waits for the work that is under way, and then ends every connection.
// 5. Every error that leaves this folder names the database without its password, and is in the table of errors.
import { setTimeout as sleep } from "node:timers/promises";
import { isMofaError, type Log } from "@mofa/kernel";
import { fail } from "../errors.ts";
import type { Dialect } from "./dialect.ts";
import { createOutage } from "./outage.ts";
import type { Values } from "./statement.ts";

/** What a statement came to. */
export interface Answer<Row> {
  readonly rows: readonly Row[];
  /** How many rows an insert, update or delete concerned. */
  readonly changed: number;
  /** The last number given by the database, where it tells. */
  readonly inserted?: number;
}

export interface Connection {
  /** Runs a fixed statement, which each connection prepares once. */
  run<Row>(text: string, values?: Values): Promise<Answer<Row>>;
  /** Runs a statement that is made for this one time; values may be lists. */
  ask<Row>(text: string, values?: Values): Promise<Answer<Row>>;
  /** Runs several statements with semicolons between them in one round trip, up to the first that fails. MySQL only. */
  script?(text: string, values?: Values): Promise<readonly Answer<unknown>[]>;
}

/** A connection of one's own until it is given back. */
export interface Lent extends Connection {
  /** A broken one is closed. */
  release(broken: boolean): void;
}

/** Connections of one database; their errors are ours already. */
export interface Driver {
  acquire(): Promise<Lent>;
  end(): Promise<void>;
}

/** An open database: what the four kinds are made on. */
export interface Database {
  /** What errors call it. */
  readonly file: string;
  readonly dialect: Dialect;
  /** Runs statements that each stand alone. */
  use<T>(work: Work<T>, options?: UseOptions): Promise<T>;
  /** Runs work in one transaction. */
  transact<T>(work: Work<T>, options?: UseOptions): Promise<T>;
  close(): Promise<void>;
}

type Work<T> = (connection: Connection, again: boolean) => Promise<T>;

interface UseOptions {
  /** Whether work may be repeated although it may have been done. Default true. */
  readonly repeatable?: boolean;
}

export interface DatabaseOptions {
  readonly file: string;
  readonly dialect: Dialect;
  readonly driver: Driver;
  /** Milliseconds for which work waits for a server that cannot be reached. */
  readonly reconnectTimeout: number;
  /** Hears that the server went away, and that it came back. */
  readonly log?: Log | undefined;
}

const FIRST_WAIT = 20;
const LONGEST_WAIT = 1_000;
const DEADLOCKS = 10;

/** Makes a database of a driver. */
export function createDatabase({ file, dialect, driver, reconnectTimeout, log }: DatabaseOptions): Database {
  const outage = createOutage(file, log, () => performance.now());
  const underWay = new Set<Promise<unknown>>();
  const closing = new AbortController();

  async function lend<T>(work: (connection: Connection) => Promise<T>): Promise<T> {
    const lent = await driver.acquire();
    try {
      const result = await work(lent);
      lent.release(false);
      return result;
    } catch (thrown) {
      lent.release(isMofaError(thrown, "database.connection_lost"));
      throw thrown;
    }
  }

  async function persist<T>(work: Work<T>, repeatable: boolean): Promise<T> {
    const until = performance.now() + reconnectTimeout;
    for (let tries = 0, wait = FIRST_WAIT; ; tries++, wait = Math.min(2 * wait, LONGEST_WAIT)) {
      try {
        const result = await lend((connection) => work(connection, tries > 0));
        outage.ends();
        return result;
      } catch (thrown) {
        if (isMofaError(thrown, "database.unreachable")) outage.begins(thrown);
        const worthwhile = isDeadlock(thrown) ? tries < DEADLOCKS : performance.now() + wait < until;
        if (!mayRepeat(thrown, repeatable) || !worthwhile || closing.signal.aborted) throw thrown;
      }
      await sleep(wait, undefined, { signal: closing.signal }).catch(() => {
        throw fail("database.closed", { file });
      });
    }
  }

  function use<T>(work: Work<T>, { repeatable = true }: UseOptions = {}): Promise<T> {
    if (closing.signal.aborted) return Promise.reject(fail("database.closed", { file }, { stack: false }));
    const result = persist(work, repeatable);
    // Whoever asked hears of a failure; here only the end counts.
    const ended: Promise<unknown> = result.then(ignore, ignore).then(() => underWay.delete(ended));
    underWay.add(ended);
    return result;
  }

  return {
    file,
    dialect,
    use,
    transact: (work, options) => use((connection, again) => transaction(connection, work, again), options),
    async close() {
      const first = !closing.signal.aborted;
      closing.abort();
      await Promise.all(underWay);
      if (first) await driver.end();
    },
  };
}

async function transaction<T>(connection: Connection, work: Work<T>, again: boolean): Promise<T> {
  await connection.ask("START TRANSACTION");
  try {
    const result = await work(connection, again);
    await connection.ask("COMMIT");
    return result;
  } catch (thrown) {
    // A rollback that fails says that the connection is lost, which is then what counts.
    await connection.ask("ROLLBACK");
    throw thrown;
  }
}

/** Runs an insert, and says whether its key was free. Not inside a transaction, which a taken key would break. */
export async function isFree(insert: Promise<unknown>): Promise<boolean> {
  try {
    await insert;
    return true;
  } catch (thrown) {
    if (isMofaError(thrown, "database.duplicate")) return false;
    throw thrown;
  }
}

function mayRepeat(thrown: unknown, repeatable: boolean): boolean {
  if (isDeadlock(thrown) || isMofaError(thrown, "database.unreachable")) return true;
  return repeatable && isMofaError(thrown, "database.connection_lost");
}

function isDeadlock(thrown: unknown): boolean {
  return isMofaError(thrown, "database.deadlock");
}

function ignore(): void {}
