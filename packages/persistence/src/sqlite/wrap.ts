import { isMofaError, type MofaError } from "@mofa/kernel";
import { fail } from "../errors.ts";

/** Where an error came from, for its sentence. */
export interface Place {
  readonly file: string;
  readonly busyTimeout: number;
}

/** Makes ours of what better-sqlite3 throws; what is ours already stays as it is. */
export function wrapSqlite(thrown: unknown, { file, busyTimeout }: Place): MofaError {
  if (isMofaError(thrown)) return thrown;
  const { code, reason } = driverError(thrown);
  const cause = { cause: thrown };
  if (/^SQLITE_(NOTADB|CORRUPT)/.test(code)) return fail("database.corrupt", { file, reason }, cause);
  if (/^SQLITE_READONLY/.test(code)) return fail("database.read_only", { file }, cause);
  if (/^(SQLITE_FULL|ENOSPC|EDQUOT)/.test(code))
    return fail("database.full", { file }, { cause: thrown, retryable: true });
  if (/^SQLITE_(BUSY|LOCKED)/.test(code)) {
    return fail("database.locked", { file, ms: busyTimeout }, { cause: thrown, retryable: true });
  }
  if (/^SQLITE_IOERR/.test(code)) return fail("database.io_failed", { file, reason }, cause);
  // What node:fs throws (EACCES, ENOTDIR …) comes from making the folder.
  if (/^(SQLITE_(CANTOPEN|AUTH|PERM)|E[A-Z]+$)/.test(code)) return fail("database.not_opened", { file, reason }, cause);
  if (/connection is not open/.test(reason)) return fail("database.closed", { file }, cause);
  return fail("database.failed", { file, reason: code === "" ? reason : `${reason} (${code})` }, cause);
}

/** Whether a failure is of the database, not of one piece of work: trying its neighbours alone would be no use. */
export function isWide(error: MofaError): boolean {
  return error.code.startsWith("database.") && error.code !== "database.failed";
}

// drizzle wraps what the driver throws; the driver's own error is the cause.
function driverError(thrown: unknown): { readonly code: string; readonly reason: string } {
  if (!(thrown instanceof Error)) return { code: "", reason: String(thrown) };
  if ("code" in thrown && typeof thrown.code === "string") return { code: thrown.code, reason: thrown.message };
  return thrown.cause instanceof Error ? driverError(thrown.cause) : { code: "", reason: thrown.message };
}
