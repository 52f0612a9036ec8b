import { createSecureContext } from "node:tls";
import { fail } from "../errors.ts";
import { type Address, tlsOf } from "./address.ts";
import type { ServerOptions } from "./options.ts";

/** Refuses certificates that cannot be read: some drivers would fail where nobody hears, or trust nobody at all. */
export function checkCertificates(address: Address, given: ServerOptions["tls"]): void {
  const { file } = address;
  const tls = tlsOf(address, given);
  if (tls === false) return;
  const { ca, cert, key } = tls;
  // Node takes an authority that is none for no authority.
  if (ca !== undefined && !ca.includes("-----BEGIN "))
    throw fail("database.bad_certificate", { file, reason: "ca has no certificate in it" });
  try {
    createSecureContext({ ...(ca !== undefined && { ca }), ...(cert !== undefined && { cert }), ...(key && { key }) });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw fail("database.bad_certificate", { file, reason }, { cause });
  }
}
