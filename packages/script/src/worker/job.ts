// One job: a source, and the items to call in it, in order.
//
// 1. One room serves the items until something stops it (a limit); then that item has failed and a fresh room serves the rest.
// 2. Items that may invoke nothing cross the border together. When that crossing is stopped, or one of them turns to the
//    host after all, all are done again, one by one: nothing outside was touched, and who misbehaves fails alone.
// 3. With nothing asked of the host and nothing running, nothing can settle what the script waits for: it ends at once.
import type { Failure, FromWorker, JobLine, RawOutcome } from "../wire.ts";
import type { Room } from "./room.ts";
import { openTalk } from "./talk.ts";

interface JobTools {
  send(line: FromWorker): void;
  /** A fresh room of so many MiB. */
  room(memory: number): Promise<Room>;
}

/** A job under way. */
export interface RunningJob {
  readonly ended: Promise<void>;
  answer(call: number, good: boolean, text: string): void;
  /** Ends the job, with whatever is done. */
  stop(): void;
}

/** Starts a job; its last line is `done`. */
export function startJob(job: JobLine, tools: JobTools): RunningJob {
  const talk = openTalk(job, tools.send);
  const limit = job.limits.time;
  let stopped = false;
  let clean = true;
  let room: Room | undefined;

  function leave() {
    room?.close();
    clean &&= room?.clean ?? true;
    room = undefined;
  }

  async function enter(): Promise<Room | Failure> {
    if (room !== undefined) return room;
    room = await tools.room(job.limits.memory);
    if (stopped) return { code: "script.stopped" };
    return (await room.load(job, talk.bridge)) ?? room;
  }

  /** Calls items in one crossing; afterwards the talk has received their outcomes, unless a failure is returned. */
  async function cross(
    items: JobLine["items"],
    inputs: readonly string[],
    host: boolean,
  ): Promise<Failure | undefined> {
    talk.begin(host);
    const entered = await enter();
    if ("code" in entered) return entered;
    let slice = await entered.enter("begin", [JSON.stringify(items), JSON.stringify(inputs)], limit);
    let spent = slice.ms;
    while (slice.failure === undefined && talk.received.length < items.length) {
      if (!host || !talk.open) return { code: "script.never_settles" };
      const answer = await talk.next();
      if (answer === undefined) return { code: "script.stopped" };
      if (spent >= limit) return { code: "script.time_exceeded" };
      slice = await entered.enter("deliver", answer, limit - spent);
      spent += slice.ms;
    }
    return slice.failure;
  }

  async function callTogether(): Promise<RawOutcome[] | undefined> {
    const start = performance.now();
    const failure = await cross(job.items, job.inputs, false);
    if (failure !== undefined || talk.turned) {
      leave();
      return undefined;
    }
    const ms = (performance.now() - start) / job.items.length;
    return talk.received.map((text) => outcome(text, ms));
  }

  async function callEach(): Promise<RawOutcome[]> {
    const outcomes: RawOutcome[] = [];
    for (const [name, input] of job.items) {
      if (stopped) break;
      const start = performance.now();
      const failure = await cross([[name, 0]], [job.inputs[input] ?? "null"], true);
      const text = failure === undefined ? (talk.received[0] ?? "") : failed(failure);
      outcomes.push(outcome(text, performance.now() - start));
      if (failure !== undefined) leave();
    }
    return outcomes;
  }

  async function inspect(): Promise<RawOutcome[]> {
    const start = performance.now();
    const entered = await enter();
    const failure = "code" in entered ? entered : (await entered.enter("inspect", [], limit)).failure;
    return [outcome(failure === undefined ? (talk.received[0] ?? "") : failed(failure), performance.now() - start)];
  }

  function outcome(text: string, ms: number): RawOutcome {
    const { output } = job.limits;
    const small = text.startsWith("E") || text.length * 3 <= output || Buffer.byteLength(text) - 1 <= output;
    return { text: small ? text : failed({ code: "script.output_too_large" }), ms };
  }

  async function run() {
    const together = job.uses.length === 0 && job.items.length > 1;
    const outcomes =
      job.mode === "inspect" ? await inspect() : ((together ? await callTogether() : undefined) ?? (await callEach()));
    // Told before the room is closed: nothing runs in it any more, and closing takes as long as a call.
    clean &&= room?.clean ?? true;
    tools.send({ type: "done", job: job.job, outcomes, clean });
    leave();
  }

  return {
    ended: run(),
    answer: talk.answer,
    stop() {
      stopped = true;
      room?.close();
      talk.close();
    },
  };
}

function failed(failure: Failure): string {
  return `E${JSON.stringify(failure)}`;
}
