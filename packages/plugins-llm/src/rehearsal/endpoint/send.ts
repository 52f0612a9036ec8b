import type { ServerResponse } from "node:http";
import { toWireError } from "./to-wire.ts";

/** Sends a body of JSON. */
export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json; charset=utf-8" });
  response.end(JSON.stringify(body));
}

export interface ErrorToSend {
  readonly message: string;
  readonly type: string;
  readonly param?: string;
  readonly code?: string;
}

/** Sends an error in the shape that clients of the protocol read. */
export function sendError(response: ServerResponse, status: number, { message, type, ...details }: ErrorToSend): void {
  sendJson(response, status, toWireError(message, type, details));
}
