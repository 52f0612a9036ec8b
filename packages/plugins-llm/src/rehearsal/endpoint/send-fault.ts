import type { ServerResponse } from "node:http";
import type { Fault } from "../options.ts";
import { sendError } from "./send.ts";

/** Sends the refusal that a fault asks for; says whether it asks for one. */
export function sendFault(fault: Fault | undefined, response: ServerResponse): boolean {
  const message = "The rehearsal was told to fail.";
  if (fault?.kind === "error") sendError(response, 500, { message, type: "server_error" });
  else if (fault?.kind === "rate_limit") {
    const ms = fault.retryAfter ?? 1000;
    response.setHeader("retry-after", String(Math.ceil(ms / 1000)));
    response.setHeader("retry-after-ms", String(ms));
    sendError(response, 429, { message, type: "requests", code: "rate_limit_exceeded" });
  } else return false;
  return true;
}
