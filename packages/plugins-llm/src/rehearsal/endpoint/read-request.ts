import type { IncomingMessage, ServerResponse } from "node:http";
import { isMofaError } from "@mofa/kernel";
import { readBody } from "./read-body.ts";
import { sendError } from "./send.ts";

const MOST_BYTES = 10 * 1024 * 1024;

/** Reads a request's body; sends the refusal itself, and gives undefined, where it cannot be answered. */
export async function readRequest<T extends { readonly model: string }>(
  request: IncomingMessage,
  response: ServerResponse,
  { read, models }: { read(body: unknown): T; readonly models: readonly string[] | undefined },
): Promise<T | undefined> {
  const text = await readBody(request, MOST_BYTES);
  const type = "invalid_request_error";
  if (text === undefined) {
    sendError(response, 413, { message: "The request is longer than 10 MB. Send less.", type });
    return undefined;
  }
  const wire = parse(text, response, read);
  if (wire === undefined || models === undefined || models.includes(wire.model)) return wire;
  const message = `The model "${wire.model}" does not exist here.`;
  sendError(response, 404, { message, type, code: "model_not_found" });
  return undefined;
}

function parse<T>(text: string, response: ServerResponse, read: (body: unknown) => T): T | undefined {
  try {
    return read(JSON.parse(text));
  } catch (error) {
    const data = isMofaError(error, "rehearsal.bad_request") ? { param: String(error.data["param"]) } : undefined;
    if (data === undefined && !(error instanceof SyntaxError)) throw error;
    const message =
      data === undefined ? `The body is not JSON: ${(error as Error).message}.` : (error as Error).message;
    sendError(response, 400, { message, type: "invalid_request_error", ...data });
    return undefined;
  }
}
