// 1h: watch a stream of events, made in bursts of 100. Every subject makes the same event, clock read included.
import { EventEmitter, on } from "node:events";
import { Readable } from "node:stream";
import { type Call, type Event, systemClock } from "@mofa/kernel";
import { createKernel } from "@mofa/kernel/host";
import { breathe } from "../../burst.ts";
import type { Case, Subject } from "../../measure.ts";

const BURST = 100;

export function watchCases(): readonly Case[] {
  return [
    {
      name: "1h watch by an iterator",

      subjects: [limit, () => mofa("one by one"), eventsOn, nodeStream, webStream],
    },
    { name: "1h watch by batches", subjects: [limit, () => mofa("batches")] },
  ];
}

function makeEvent(): Event {
  return { ...HEAD, at: systemClock.now(), body: "word" };
}
const HEAD = { type: "action.delta", trace: "t", call: "c", kind: "tool", name: "talk" } as const;

async function make(times: number, tell: (event: Event) => void): Promise<void> {
  for (let left = times; left > 0; left -= BURST) {
    for (let index = Math.min(left, BURST); index > 0; index--) tell(makeEvent());
    await breathe();
  }
}

/** Calls back. */
function limit(): Subject {
  let latest = 0;
  const watch = ({ at }: Event) => {
    if (at > latest) latest = at;
  };
  return { name: "limit", turn: (times) => make(times, watch) };
}

async function mofa(how: "one by one" | "batches"): Promise<Subject> {
  const kernel = await createKernel();
  let latest = 0;
  const talk = {
    kind: "tool",
    name: "talk",
    async run(times: number, call: Call) {
      for (let left = times; left > 0; left -= BURST) {
        for (let index = Math.min(left, BURST); index > 0; index--) call.emit("action.delta", { body: "word" });
        await breathe();
      }
    },
  };
  const turn = async (times: number) => {
    if (how === "one by one") {
      for await (const { at } of kernel.stream(talk, times)) if (at > latest) latest = at;
      return;
    }
    for await (const events of kernel.stream(talk, times).batches())
      for (const { at } of events) if (at > latest) latest = at;
  };
  return { name: "mofa", turn, end: () => kernel.end() };
}

function eventsOn(): Subject {
  return {
    name: "events.on",
    async turn(times) {
      const emitter = new EventEmitter();
      const stop = new AbortController();
      const watching = count(on(emitter, "event", { signal: stop.signal }), times);
      await make(times, (event) => emitter.emit("event", event));
      await watching;
      stop.abort();
    },
  };
}

function nodeStream(): Subject {
  return {
    name: "node Readable",
    async turn(times) {
      const stream = new Readable({ objectMode: true, highWaterMark: 1000, read: () => {} });
      const watching = count(stream, times);
      await make(times, (event) => stream.push(event));
      await watching;
    },
  };
}

function webStream(): Subject {
  return {
    name: "web ReadableStream",
    async turn(times) {
      let controller: ReadableStreamDefaultController<Event> | undefined;
      const stream = new ReadableStream<Event>({
        start: (given) => {
          controller = given;
        },
      });
      const watching = count(stream, times);
      await make(times, (event) => controller?.enqueue(event));
      await watching;
    },
  };
}

async function count(events: AsyncIterable<unknown>, until: number): Promise<void> {
  let left = until;
  for await (const _ of events) if (--left === 0) return;
}
