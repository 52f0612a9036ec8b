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

// The last: only encrypted connections are let in.
const DENIED = [1045, 1698, 1251, 3159];
const NOT_ALLOWED = [1044, 1142, 1143, 1227, 1370];
const BUSY = [1040, 1203, 1226];
// Killed, shut down, told to go.
const LOST = [1053, 1077, 1080, 1152, 1158, 1159, 1160, 1161, 1184, 1927, 3169, 4031];
const DEADLOCK = [1213, 1020];
const TIMED_OUT = [1317, 1969, 3024];
const FULL = [1021, 1041, 1114];
const READ_ONLY = [1290, 1792, 1836];
const TOO_LONG = [1153, 1301, 1406, 1071];

/** Makes ours of what the driver and the server say; what is ours already stays as it is. */
export function wrapMysql(thrown: unknown, { file, user, statementTimeout, connected }: Place): MofaError {
  if (isMofaError(thrown)) return thrown;
  const { number, code, reason, isNetwork } = read(thrown);
  const cause = { cause: thrown };
  const again = { cause: thrown, retryable: true };
  if (DENIED.includes(number)) return fail("database.access_denied", { file, user, reason }, cause);
  // The driver takes the code away; what the server says of us comes as an alert.
  const isDistrust = code === "HANDSHAKE_SSL_ERROR" && /certificate/i.test(reason) && !/alert/i.test(reason);
  if (isDistrust) return fail("database.not_trusted", { file, reason }, cause);
  if (code === "HANDSHAKE_NO_SSL_SUPPORT") return fail("database.not_encrypted", { file, reason }, cause);
  if (number === 1049) return fail("database.not_found", { file, reason }, cause);
  if (NOT_ALLOWED.includes(number)) return fail("database.not_allowed", { file, reason }, cause);
  const lost = isNetwork || LOST.includes(number);
  if (BUSY.includes(number) || (lost && !connected)) return fail("database.unreachable", { file, reason }, again);
  if (lost) return fail("database.connection_lost", { file, reason }, again);
  if (DEADLOCK.includes(number)) return fail("database.deadlock", { file, reason }, again);
  if (TIMED_OUT.includes(number)) return fail("database.timed_out", { file, ms: statementTimeout }, again);
  if (number === 1205) return fail("database.locked", { file, ms: statementTimeout }, again);
  if (number === 1062) return fail("database.duplicate", { file, reason }, again);
  if (FULL.includes(number)) return fail("database.full", { file }, again);
  if (READ_ONLY.includes(number)) return fail("database.read_only", { file }, cause);
  if (TOO_LONG.includes(number)) return fail("database.too_long", { file, reason }, cause);
  return fail("database.failed", { file, reason: number === 0 ? reason : `${reason} (${number})` }, cause);
}

interface Reading {
  readonly number: number;
  readonly code: string;
  readonly reason: string;
  /** What the server did not say comes from the network or the driver. */
  readonly isNetwork: boolean;
}

function read(thrown: unknown): Reading {
  if (!(thrown instanceof Error)) return { number: 0, code: "", reason: String(thrown), isNetwork: false };
  // A host with several addresses fails with one error for each.
  if (thrown instanceof AggregateError && thrown.errors.length > 0) return read(thrown.errors[0]);
  const {
    errno = 0,
    code = "",
    sqlState,
  } = thrown as Error & Partial<Record<"code" | "sqlState", string> & { errno: number }>;
  const isServer = sqlState !== undefined && errno > 0;
  return {
    number: isServer ? errno : 0,
    code,
    reason: thrown.message,
    isNetwork: !isServer && !(thrown instanceof TypeError),
  };
}
