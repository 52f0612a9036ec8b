import { isMofaError, type MofaError } from "@mofa/kernel";
import { fail } from "../errors.ts";

/** Where an error came from, for its sentence. */
export interface Place {
  readonly file: string;
  readonly user: string;
  readonly statementTimeout: number;
  /** Whether it came after the connection was made. */
  readonly connected: boolean;
}

// What Node says when a certificate is not signed by whom we trust, is out of its time, or is somebody else's.
const DISTRUST = /^(UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_|ERR_TLS_CERT_|INVALID_|PATH_LENGTH_|HOSTNAME_MISMATCH)/;

/** Makes ours of what the driver and the server say; what is ours already stays as it is. */
export function wrapPostgres(thrown: unknown, { file, user, statementTimeout, connected }: Place): MofaError {
  if (isMofaError(thrown)) return thrown;
  const { code, reason } = read(thrown);
  const cause = { cause: thrown };
  const again = { cause: thrown, retryable: true };
  if (code === "28P01" || code === "28000") return fail("database.access_denied", { file, user, reason }, cause);
  if (DISTRUST.test(code)) return fail("database.not_trusted", { file, reason }, cause);
  // The driver's own words: it gives them no code.
  if (reason === "The server does not support SSL connections")
    return fail("database.not_encrypted", { file, reason }, cause);
  if (code === "3D000") return fail("database.not_found", { file, reason }, cause);
  if (code === "57P03" || code === "53300" || !(connected || isSqlState(code))) {
    return fail("database.unreachable", { file, reason }, again);
  }
  if (isLoss(code)) return fail("database.connection_lost", { file, reason }, again);
  if (code === "40001" || code === "40P01") return fail("database.deadlock", { file, reason }, again);
  if (code === "57014") return fail("database.timed_out", { file, ms: statementTimeout }, again);
  if (code === "55P03") return fail("database.locked", { file, ms: statementTimeout }, again);
  if (code === "23505") return fail("database.duplicate", { file, reason }, again);
  if (code === "53100") return fail("database.full", { file }, again);
  if (code === "25006") return fail("database.read_only", { file }, cause);
  if (code === "42501") return fail("database.not_allowed", { file, reason }, cause);
  if (code === "54000" || code === "22001") return fail("database.too_long", { file, reason }, cause);
  return fail("database.failed", { file, reason: code === "" ? reason : `${reason} (${code})` }, cause);
}

// The server's classes 08 (connection) and 57P0x (it ends); what is no SQL state comes from the network or the driver.
function isLoss(code: string): boolean {
  return !isSqlState(code) || code.startsWith("08") || /^57P0[1245]$/.test(code);
}

function isSqlState(code: string): boolean {
  return /^[0-9A-Z]{5}$/.test(code) && /\d/.test(code);
}

function read(thrown: unknown): { readonly code: string; readonly reason: string } {
  if (!(thrown instanceof Error)) return { code: "", reason: String(thrown) };
  // A host with several addresses fails with one error for each.
  if (thrown instanceof AggregateError && thrown.errors.length > 0) return read(thrown.errors[0]);
  const code = "code" in thrown && typeof thrown.code === "string" ? thrown.code : "";
  return { code, reason: thrown.message };
}
