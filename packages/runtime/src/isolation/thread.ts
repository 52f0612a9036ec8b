// An agent in a thread of its own.
//
// 1. What it says comes over a port that only our own code in the thread has; anything on the thread's public port is
//    a break of the rules.
// 2. `gone` resolves when the thread has exited and all it had sent was read.
import { MessageChannel, receiveMessageOnPort, Worker } from "node:worker_threads";
import { fail } from "../errors.ts";
import { type Ending, entryFile, type Isolate, type IsolateOptions } from "./isolate.ts";
import { createOutbox } from "./outbox.ts";
import { createReader } from "./reader.ts";
import type { ToIsolate } from "./wire.ts";

/** Starts a thread. */
export function startThread(options: IsolateOptions): Isolate {
  const worker = launch(options);
  const { port1: port, port2 } = new MessageChannel();
  const { promise: gone, resolve } = Promise.withResolvers<Ending>();
  let killedFor: unknown;
  let error: unknown;

  function kill(reason: unknown): void {
    if (killedFor !== undefined) return;
    killedFor = reason;
    // Its end is told by "exit".
    void worker.terminate();
  }

  const outbox = createOutbox<ToIsolate>({
    write: (text) => port.postMessage(text),
    most: options.most,
    refused: options.refused,
  });
  const read = createReader(options, { ack: (characters) => outbox.send(["ack", characters]), kill });
  const readUnlessKilled = (text: unknown) => {
    if (killedFor === undefined) read(text);
  };
  // It closes with the thread, before or after that has exited.
  const closed = new Promise<void>((done) => port.once("close", done));
  port.on("message", readUnlessKilled);
  worker.on("message", () => kill(fail("isolation.bad_message", { what: "something beside its channel" })));
  worker.on("messageerror", () => kill(fail("isolation.bad_message", { what: "something that cannot be read" })));
  worker.on("error", (thrown) => {
    error = thrown;
  });
  worker.on("exit", (code) => {
    drain(port, readUnlessKilled);
    const outOfMemory = (error as NodeJS.ErrnoException | undefined)?.code === "ERR_WORKER_OUT_OF_MEMORY";
    port.close();
    void closed.then(() => resolve({ killedFor, how: `exit ${code}`, outOfMemory, error }));
  });
  // Read and thrown away: unread, it would pile up.
  worker.stdout.resume();
  worker.stderr.resume();
  worker.postMessage(port2, [port2]);

  return {
    gone,
    send: outbox.send,
    sendNow: outbox.sendNow,
    kill,
    async overweight() {
      try {
        const { external_memory: bytes } = await worker.getHeapStatistics();
        return bytes > options.heapMb * 1024 * 1024 ? Math.round(bytes / 1024 / 1024) : undefined;
      } catch {
        // It ended meanwhile; its end is told elsewhere.
        return undefined;
      }
    },
  };
}

// At its limit, a thread gets 16 MB more to be ended in; when those are used up, V8 ends the whole process. What survives
// a collection of the young generation goes to the old one in one go, so it must be less than that.
const YOUNG_MB = 6;

function launch({ name, heapMb, stackMb, env, most }: IsolateOptions): Worker {
  const { url, flags } = entryFile();
  const stack = stackMb === undefined ? {} : { stackSizeMb: stackMb };
  return new Worker(url, {
    name,
    argv: [String(most)],
    execArgv: [...flags],
    env,
    stdout: true,
    stderr: true,
    trackUnmanagedFds: true,
    resourceLimits: { maxOldGenerationSizeMb: heapMb, maxYoungGenerationSizeMb: YOUNG_MB, ...stack },
  });
}

function drain(port: Parameters<typeof receiveMessageOnPort>[0], read: (text: unknown) => void): void {
  for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) read(next.message);
}
