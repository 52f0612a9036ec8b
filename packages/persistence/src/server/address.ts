import { fail } from "../errors.ts";
import type { ServerOptions, TlsOptions } from "./options.ts";

/** A server's address, taken apart. */
export interface Address {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string | undefined;
  readonly database: string;
  readonly parameters: URLSearchParams;
  /** What errors call the database: no user, no password. */
  readonly file: string;
}

export interface AddressOptions {
  /** The function that was given the address. */
  readonly name: "postgres" | "mysql";
  readonly schemes: readonly string[];
  readonly port: number;
}

/** Takes an address apart. What is wrong with it is told without repeating it: it may hold a password. */
export function parseAddress(url: string, { name, schemes, port }: AddressOptions): Address {
  const bad = (reason: string) =>
    fail("database.bad_url", { name, reason, example: `${name}://user:password@localhost:${port}/database` });
  const given = URL.parse(url);
  if (given === null) throw bad("it is not a URL");
  const scheme = given.protocol.slice(0, -1);
  if (!schemes.includes(scheme)) throw bad(`it begins with "${scheme}:" instead of "${schemes[0]}:"`);
  const part = (text: string) => decode(text) ?? fault(bad("a % in it is not followed by two hexadecimal digits"));
  const database = part(given.pathname.slice(1));
  if (database === "") throw bad("it names no database");
  if (given.username === "") throw bad("it names no user");
  const unknown = [...given.searchParams].find(([key, value]) => key !== "sslmode" || !SSL_MODES.includes(value));
  if (unknown !== undefined) throw bad(`it has "${unknown[0]}", but only sslmode=${SSL_MODES.join("|")} is known`);
  // A bracketed address of version 6 is named without its brackets to the network.
  const host = part(given.hostname).replace(/^\[(.*)\]$/, "$1") || "localhost";
  const at = given.port === "" ? port : Number(given.port);
  return {
    host,
    port: at,
    user: part(given.username),
    password: given.password === "" ? undefined : part(given.password),
    database,
    parameters: given.searchParams,
    file: `${name}://${given.hostname || "localhost"}:${at}/${database}`,
  };
}

const SSL_MODES = ["disable", "no-verify", "require", "verify-full"];

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}

function fault(error: Error): never {
  throw error;
}

/** How the connection is to be encrypted: what the options say, else the address (`?sslmode=`), else not at all. */
export function tlsOf({ parameters }: Address, tls: ServerOptions["tls"]): false | TlsOptions {
  // A copy: drivers write in what they are given.
  if (typeof tls === "object") return { ...tls };
  const mode = tls === undefined ? (parameters.get("sslmode") ?? "disable") : tls ? "verify-full" : "disable";
  if (mode === "disable") return false;
  return { rejectUnauthorized: mode !== "no-verify" };
}
