// Who may ask. In front of every route.
//
// 1. A name that is not ours is refused: a page of a stranger's site whose name was made to point at this machine
//    (DNS rebinding) says that name in its Host header.
// 2. What changes something must be JSON and, where a browser says which page sent it, of our own origin: a form or a
//    script of another site can do neither without the browser asking first.
// 3. Tokens are compared in constant time.
import { createHash, timingSafeEqual } from "node:crypto";
import type { MiddlewareHandler } from "hono";
import { fail } from "./errors.ts";

export interface GuardOptions {
  /** Names and addresses, beside those of this machine, by which the gateway may be called. */
  readonly hosts: readonly string[];
  readonly token: string | undefined;
}

/** Refuses requests from where they should not come. */
export function guard({ hosts, token }: GuardOptions): MiddlewareHandler {
  const names = new Set(hosts.map((host) => host.toLowerCase()));
  const expected = token === undefined ? undefined : digest(token);
  return async ({ req }, next) => {
    const host = req.header("host") ?? "";
    const name = toName(host);
    if (!isLoopback(name) && !names.has(name)) throw fail("gateway.host_refused", { host }, { stack: false });
    if (expected !== undefined && req.path !== "/healthz") checkToken(expected, req.header("authorization"));
    if (req.method !== "GET" && req.method !== "HEAD")
      checkChange(host, req.header("origin"), req.header("content-type"));
    await next();
  };
}

/** Says whether a name or address can only mean this machine. */
export function isLoopback(name: string): boolean {
  return name === "localhost" || name.endsWith(".localhost") || name === "::1" || /^127(\.\d{1,3}){3}$/.test(name);
}

function toName(host: string): string {
  const name = host.startsWith("[") ? host.slice(1, host.indexOf("]")) : host.replace(/:\d*$/, "");
  return name.toLowerCase();
}

function checkChange(host: string, origin: string | undefined, type = ""): void {
  if (origin !== undefined && !isSameOrigin(origin, host))
    throw fail("gateway.origin_refused", { origin }, { stack: false });
  if (!/^application\/json\s*(;|$)/i.test(type)) throw fail("gateway.not_json", { type }, { stack: false });
}

function isSameOrigin(origin: string, host: string): boolean {
  // "null", of sandboxed pages and files, is no URL.
  return URL.canParse(origin) && new URL(origin).host === host.toLowerCase();
}

function checkToken(expected: Buffer, header = ""): void {
  const [, scheme = "", value = ""] = /^(Bearer|Basic)\s+(.+)$/i.exec(header) ?? [];
  const given = scheme.toLowerCase() === "basic" ? toPassword(value) : value;
  if (!timingSafeEqual(expected, digest(given))) throw fail("gateway.token_refused", {}, { stack: false });
}

/** Browsers cannot send bearer tokens by themselves; they can ask for a password. */
function toPassword(value: string): string {
  const pair = Buffer.from(value, "base64").toString("utf8");
  return pair.slice(pair.indexOf(":") + 1);
}

function digest(text: string): Buffer {
  return createHash("sha256").update(text).digest();
}
