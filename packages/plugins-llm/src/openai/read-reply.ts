// Reads one answer from its response.
//
// 1. Whatever happens, the response is let go of when reading ends: by the end, an error, a cancel or silence.
// 2. An answer without its end is an error, never a shorter answer.
import type { Clock } from "@mofa/kernel";
import { fail, type Place } from "../errors.ts";
import { createReplyFold, type FoldedReply, type ReplyFold } from "./fold-reply.ts";
import { createEventReader, type EventReader } from "./read-events.ts";
import type { ToolNames } from "./tool-names.ts";

export interface Reading {
  readonly response: Response;
  readonly names: ToolNames;
  readonly place: Place;
  readonly signal: AbortSignal;
  readonly clock: Clock;
  /** Milliseconds of silence after which the answer is given up. */
  readonly timeout: number;
  /** Hears of each piece of text. */
  readonly told: (text: string) => void;
  readonly idOf: (index: number) => string;
}

type Reader = ReadableStreamDefaultReader<Uint8Array>;

/** Reads the whole answer, telling of its text as it comes. */
export async function readReply(reading: Reading): Promise<FoldedReply> {
  const { response, names, place, idOf } = reading;
  const fold = createReplyFold(names, place);
  const done = isStream(response) ? await readStream(reading, fold) : await readWhole(reading, fold);
  if (!fold.finished && !done)
    throw fail("model.stream_broken", { ...place, received: fold.received }, { retryable: true });
  const reply = fold.reply(idOf);
  if (!fold.finished && reply.text === "" && reply.toolCalls.length === 0) {
    throw fail("model.bad_reply", { ...place, reason: "it ended without saying anything." });
  }
  const marked = response.headers.get("x-mofa-rehearsal") === "true";
  return marked ? { ...reply, rehearsal: true } : reply;
}

function isStream(response: Response): boolean {
  return !(response.headers.get("content-type") ?? "").includes("application/json");
}

// Some servers answer whole although they were asked for a stream.
async function readWhole({ response, told }: Reading, fold: ReplyFold): Promise<boolean> {
  const text = fold.add(await response.text());
  if (text !== "") told(text);
  return false;
}

async function readStream(reading: Reading, fold: ReplyFold): Promise<boolean> {
  const { response, place, signal, clock, timeout } = reading;
  if (response.body === null) throw fail("model.bad_reply", { ...place, reason: "it is empty." });
  const reader: Reader = response.body.getReader();
  let silent = false;
  // Cancelling settles a read in progress; what it rejects with is told by that read.
  const stop = () => void reader.cancel().catch(() => {});
  const silence = watchSilence(clock, timeout, () => {
    silent = true;
    stop();
  });
  signal.addEventListener("abort", stop, { once: true });
  try {
    const done = await readEvents(reader, { reading, fold, heard: silence.heard });
    signal.throwIfAborted();
    if (silent) throw fail("model.timed_out", { ...place, ms: timeout }, { retryable: true });
    return done;
  } finally {
    signal.removeEventListener("abort", stop);
    silence.end();
    stop();
  }
}

interface Telling {
  readonly reading: Reading;
  readonly fold: ReplyFold;
  readonly heard: () => void;
}

async function readEvents(reader: Reader, telling: Telling): Promise<boolean> {
  const events = createEventReader();
  for (;;) {
    const bytes = await readMore(reader, telling);
    if (bytes === undefined) return readRest(events, telling);
    telling.heard();
    for (const data of events.push(bytes)) {
      if (data === "[DONE]") {
        await letEnd(reader, telling.reading.clock);
        return true;
      }
      tell(data, telling);
    }
  }
}

async function readMore(reader: Reader, { reading, fold }: Telling): Promise<Uint8Array | undefined> {
  try {
    return (await reader.read()).value;
  } catch (error) {
    reading.signal.throwIfAborted();
    // A connection that breaks after the end was told took nothing away.
    if (fold.finished) return undefined;
    throw fail("model.stream_broken", { ...reading.place, received: fold.received }, { retryable: true, cause: error });
  }
}

// An event that the end cut off is whole if it can be read, and otherwise part of what broke off.
function readRest(events: EventReader, telling: Telling): boolean {
  const data = events.rest();
  if (data === undefined || data === "[DONE]") return data !== undefined;
  if (isWhole(data)) tell(data, telling);
  return false;
}

function isWhole(data: string): boolean {
  try {
    JSON.parse(data);
    return true;
  } catch {
    return false;
  }
}

function tell(data: string, { reading, fold }: Telling): void {
  const text = fold.add(data);
  if (text !== "") reading.told(text);
}

// Reading on to the end keeps the connection for the next request; a server that lingers loses it.
async function letEnd(reader: Reader, clock: Clock): Promise<void> {
  let stop = () => {};
  const patience = new Promise<void>((resolve) => {
    stop = clock.after(100, resolve);
  });
  const end = reader.read().then(
    () => {},
    () => {},
  );
  await Promise.race([end, patience]);
  stop();
}

function watchSilence(clock: Clock, ms: number, silent: () => void): { heard(): void; end(): void } {
  let heard = false;
  let stop = clock.after(ms, check);
  // One timer per interval instead of one per chunk: silence is noticed after one to two intervals.
  function check(): void {
    if (heard) stop = clock.after(ms, check);
    else silent();
    heard = false;
  }
  return {
    heard: () => {
      heard = true;
    },
    end: () => stop(),
  };
}
