// Answers requests for embeddings: by spelling, so that the same text has the same vector everywhere.
import type { IncomingMessage, ServerResponse } from "node:http";
import { lexicalEmbedder } from "@mofa/kernel";
import { fail } from "../../errors.ts";
import { estimateTokens } from "../../estimate-tokens.ts";
import { forever } from "../pause.ts";
import type { Stage } from "./answer-completion.ts";
import { readRequest } from "./read-request.ts";
import { sendJson } from "./send.ts";
import { sendFault } from "./send-fault.ts";
import { toEmbeddings } from "./to-wire.ts";

interface EmbeddingsRequest {
  readonly model: string;
  readonly texts: readonly string[];
  readonly dimensions: number | undefined;
  readonly base64: boolean;
}

// As many as the largest known models have, and as many texts as one request of the protocol may hold.
const MOST_DIMENSIONS = 4_096;
const MOST_TEXTS = 2_048;

/** Reads, answers and records one request. */
export async function answerEmbeddings(
  request: IncomingMessage,
  response: ServerResponse,
  stage: Stage,
): Promise<void> {
  const wire = await readRequest(request, response, { read: fromWire, models: stage.models });
  if (wire === undefined) return;
  const { model, texts, dimensions, base64 } = wire;
  const key = request.headers["idempotency-key"];
  const finish = stage.book.begin({ key: typeof key === "string" ? key : "", at: stage.clock.now(), model });
  const fault = stage.faults({ model, messages: [{ role: "user", text: texts.join("\n") }] });
  if (fault?.kind === "timeout") return void (await untilClosed(response));
  if (sendFault(fault, response)) return;
  const vectors = await lexicalEmbedder(dimensions === undefined ? {} : { dimensions }).embed(texts);
  const tokens = texts.reduce((sum, text) => sum + estimateTokens(text), 0);
  sendJson(response, 200, toEmbeddings({ model, vectors, tokens, base64 }));
  finish();
}

// A server that has fallen silent: nothing comes until the client gives up.
async function untilClosed(response: ServerResponse): Promise<void> {
  const left = new AbortController();
  response.once("close", () => left.abort());
  await forever(left.signal).catch((reason: unknown) => {
    if (!left.signal.aborted) throw reason;
  });
}

function fromWire(body: unknown): EmbeddingsRequest {
  const fields = typeof body === "object" && body !== null ? (body as Readonly<Record<string, unknown>>) : {};
  const { model, input, dimensions, encoding_format: format } = fields;
  if (typeof model !== "string" || model === "") throw bad("model", "must name a model.");
  const texts = typeof input === "string" ? [input] : input;
  if (!isTexts(texts)) throw bad("input", `must be a text, or a list of 1 to ${MOST_TEXTS} texts; none may be empty.`);
  if (dimensions !== undefined && !isCount(dimensions)) {
    throw bad("dimensions", `must be a whole number from 1 to ${MOST_DIMENSIONS}.`);
  }
  if (format !== undefined && format !== "float" && format !== "base64") {
    throw bad("encoding_format", 'must be "float" or "base64".');
  }
  return { model, texts, dimensions, base64: format === "base64" };
}

function isTexts(value: unknown): value is readonly string[] {
  if (!Array.isArray(value) || value.length === 0 || value.length > MOST_TEXTS) return false;
  return value.every((text) => typeof text === "string" && text !== "");
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 1 && value <= MOST_DIMENSIONS;
}

function bad(param: string, reason: string) {
  return fail("rehearsal.bad_request", { param, reason }, { stack: false });
}
