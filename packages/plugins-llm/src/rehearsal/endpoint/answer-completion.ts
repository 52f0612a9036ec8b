// Answers one chat completion over HTTP.
//
// 1. When the client goes away, nothing more is made or sent, and the request does not count as finished.
// 2. A request counts as finished when its whole answer was handed to the connection.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Clock, ModelReply } from "@mofa/kernel";
import { breakingJson, type Faults, refusing } from "../faults.ts";
import type { Fault, RehearsalScript } from "../options.ts";
import { forever, tellPieces } from "../pause.ts";
import { hash } from "../random.ts";
import { type Rehearsed, rehearse } from "../rehearse.ts";
import { fromWire, type WireRequest } from "./from-wire.ts";
import { readRequest } from "./read-request.ts";
import type { RequestBook } from "./request-record.ts";
import { sendJson } from "./send.ts";
import { sendFault } from "./send-fault.ts";
import {
  toCallChunks,
  toCompletion,
  toFirstChunk,
  toLastChunk,
  toTextChunk,
  toUsageChunk,
  type WireHead,
} from "./to-wire.ts";

export interface Stage {
  readonly script: RehearsalScript;
  readonly models: readonly string[] | undefined;
  readonly faults: Faults;
  readonly book: RequestBook;
  readonly clock: Clock;
  readonly tokensPerSecond: number | undefined;
}

/** Reads, answers and records one request. */
export async function answerCompletion(
  request: IncomingMessage,
  response: ServerResponse,
  stage: Stage,
): Promise<void> {
  const wire = await readRequest(request, response, { read: readWire, models: stage.models });
  if (wire === undefined) return;
  const { model } = wire;
  const key = request.headers["idempotency-key"];
  const finish = stage.book.begin({ key: typeof key === "string" ? key : "", at: stage.clock.now(), model });
  const left = new AbortController();
  const leave = () => left.abort();
  response.once("close", leave);
  try {
    if (await answer(wire, response, { ...stage, signal: left.signal })) finish();
  } catch (error) {
    // Who went away gets no answer; everything else is a failure of ours.
    if (!left.signal.aborted) throw error;
  } finally {
    response.off("close", leave);
  }
}

function readWire(body: unknown): WireRequest & { readonly model: string } {
  const wire = fromWire(body);
  return { ...wire, model: wire.request.model ?? "" };
}

interface Acting extends Stage {
  readonly signal: AbortSignal;
}

// Says whether a whole answer was sent.
async function answer(wire: WireRequest, response: ServerResponse, acting: Acting): Promise<boolean> {
  const fault = acting.faults(wire.request);
  if (fault?.kind === "timeout") return forever(acting.signal);
  if (sendFault(fault, response)) return false;
  const rehearsed = bend(rehearse(wire.request, acting.script), fault);
  const head = toHead(rehearsed.reply, acting.clock);
  if (wire.stream || fault?.kind === "cut_stream") return stream(response, { wire, head, rehearsed, fault }, acting);
  sendJson(response, 200, toCompletion(head, rehearsed.reply));
  return true;
}

interface Telling {
  readonly wire: WireRequest;
  readonly head: WireHead;
  readonly rehearsed: Rehearsed;
  readonly fault: Fault | undefined;
}

async function stream(
  response: ServerResponse,
  { wire, head, rehearsed, fault }: Telling,
  acting: Acting,
): Promise<boolean> {
  const { reply, pieces } = rehearsed;
  const cut = fault?.kind === "cut_stream";
  response.writeHead(200, { "content-type": "text/event-stream; charset=utf-8", "cache-control": "no-cache" });
  await send(response, toFirstChunk(head), acting.signal);
  const told = cut ? pieces.slice(0, Math.ceil(pieces.length / 2)) : pieces;
  await tellPieces(
    told,
    (piece) => send(response, toTextChunk(head, piece, reply.finish === "refused"), acting.signal),
    acting,
  );
  if (cut) {
    // What was said so far must arrive before the connection breaks.
    await new Promise<void>((resolve) => {
      response.write(": cut\n\n", () => resolve());
    });
    response.destroy();
    return false;
  }
  for (const [index, call] of reply.toolCalls.entries()) {
    for (const chunk of toCallChunks(head, call, index)) await send(response, chunk, acting.signal);
  }
  await send(response, toLastChunk(head, reply.finish), acting.signal);
  if (wire.includeUsage) await send(response, toUsageChunk(head, reply.usage), acting.signal);
  response.end("data: [DONE]\n\n");
  return true;
}

async function send(response: ServerResponse, chunk: unknown, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  if (response.write(`data: ${JSON.stringify(chunk)}\n\n`)) return;
  // A reader that does not read must not fill our memory.
  await new Promise<void>((resolve, reject) => {
    const drained = () => {
      signal.removeEventListener("abort", gone);
      resolve();
    };
    const gone = () => {
      response.off("drain", drained);
      reject(signal.reason);
    };
    response.once("drain", drained);
    signal.addEventListener("abort", gone, { once: true });
  });
}

function bend(rehearsed: Rehearsed, fault: Fault | undefined): Rehearsed {
  if (fault?.kind === "refuse") return refusing(rehearsed);
  return fault?.kind === "broken_json" ? breakingJson(rehearsed) : rehearsed;
}

function toHead({ model, text, toolCalls }: ModelReply, clock: Clock): WireHead {
  const id = `chatcmpl-rehearsal-${hash(`${text}${toolCalls[0]?.id ?? ""}`).toString(36)}`;
  return { id, created: Math.floor(clock.now() / 1000), model };
}
