// What an append changes beside the journal, in the same transaction.
//
// 1. What is refused is taken back to where the part began, and nothing else of the transaction is.
import { isMofaError, type Write } from "@mofa/kernel";
import { fail } from "../errors.ts";
import type { Connection } from "./database.ts";
import type { Dialect } from "./dialect.ts";
import { compile } from "./statement.ts";
import { writeDocument } from "./store.ts";

interface Place {
  readonly connection: Connection;
  readonly dialect: Dialect;
  /** Epoch milliseconds. */
  readonly at: number;
}

// Not the write's fault, or everybody's: the whole transaction fails, and may be tried again.
const PASSING = ["connection_lost", "unreachable", "deadlock", "closed", "full", "read_only"];

// What begins or ends a transaction would take the journal's own along.
const CHANGE = /^\s*(?:insert|update|delete|replace|merge|with)\b/i;

/** Does work that stands or falls as a whole; gives the error for which it fell. */
export async function attempt<T>(
  { connection, dialect }: Place,
  work: () => Promise<T>,
): Promise<{ readonly value: T } | { readonly failure: unknown }> {
  await connection.ask("SAVEPOINT mofa_part");
  try {
    const value = await work();
    if (dialect.checkNow !== undefined) await connection.ask(dialect.checkNow);
    return { value };
  } catch (failure) {
    if (!isMofaError(failure) || PASSING.some((code) => isMofaError(failure, `database.${code}`))) throw failure;
    await connection.ask("ROLLBACK TO SAVEPOINT mofa_part");
    return { failure };
  }
}

/** Does the writes in order; throws at the first that cannot be done. */
export async function runWrites(place: Place, writes: readonly Write[]): Promise<void> {
  for (const write of writes) {
    if (write.type === "sql") await runStatement(place, write);
    else await writeDocument(place, write);
  }
}

async function runStatement(
  { connection, dialect }: Place,
  { text, values, rows: expected }: Extract<Write, { readonly type: "sql" }>,
): Promise<void> {
  if (!CHANGE.test(text)) throw fail("write.not_a_change", { text });
  const name = compile(text, dialect.parameter).names.find((one) => values[one] === undefined);
  if (name !== undefined) throw fail("write.value_missing", { text, name });
  const { changed: found, rows } = await connection.run(text, values);
  if (rows.length > 0) throw fail("write.not_a_change", { text });
  if (expected !== undefined && found !== expected) throw fail("write.rows_differ", { text, expected, found });
}
