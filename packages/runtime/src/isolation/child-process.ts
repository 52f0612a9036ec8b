// An agent in a process of its own.
//
// 1. It starts with no more of the environment than it was given, in the folder for temporary files, without our files.
// 2. It ends when we do, however we end: two pipes to us close then, one of them watched by a thread of its own, so
//    that not even an endless loop outlives us.
// 3. `gone` resolves when the process has exited and all it had sent was read.
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import { tmpdir } from "node:os";
import { fileURLToPath } from "node:url";
import { fail } from "../errors.ts";
import { type Ending, entryFile, type Isolate, type IsolateOptions } from "./isolate.ts";
import { createLineCutter } from "./lines.ts";
import { createOutbox } from "./outbox.ts";
import { createReader } from "./reader.ts";
import type { ToIsolate } from "./wire.ts";

/** Starts a process. */
export function startProcess(options: IsolateOptions): Isolate {
  const child = launch(options);
  // Without free file handles a child has no streams; its "error" event tells.
  const socket = child.stdio?.[3] as Socket | undefined;
  const lifeline = child.stdio?.[4] as Socket | undefined;
  const { promise: gone, resolve } = Promise.withResolvers<Ending>();
  let killedFor: unknown;
  let said = "";
  let base: number | undefined;

  function kill(reason: unknown): void {
    if (killedFor !== undefined) return;
    killedFor = reason;
    child.kill("SIGKILL");
  }

  function end(how: string, error: unknown): void {
    lifeline?.destroy();
    socket?.destroy();
    resolve({ killedFor, how, outOfMemory: /heap out of memory|allocation failed/i.test(said), error });
  }

  const outbox = createOutbox<ToIsolate>({
    write: (text) => void (socket?.destroyed === false && socket.write(`${text}\n`)),
    most: options.most,
    refused: options.refused,
  });
  const read = createReader(options, { ack: (characters) => outbox.send(["ack", characters]), kill });
  const cut = createLineCutter(options.most, (line) => {
    // It is ready before it says a word.
    base ??= residentMb(child.pid);
    if (killedFor === undefined) read(line);
  });
  socket?.setEncoding("utf8").on("data", (chunk: string) => {
    if (!cut(chunk)) kill(fail("isolation.bad_message", { what: `more than ${options.most} characters at once` }));
  });
  // The end of the process is what counts; it is told by "close".
  socket?.on("error", () => {});
  lifeline?.on("error", () => {});
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    said = (said + chunk).slice(-4_000);
  });
  child.on("error", (error) => end(error.message, error));
  // After "exit", when all it wrote was read.
  child.on("close", (code, signal) => end(signal ?? `exit ${code}`, undefined));
  // The lifeline is ours: it would hold "close" back.
  child.on("exit", () => lifeline?.destroy());

  return {
    gone,
    send: outbox.send,
    sendNow: outbox.sendNow,
    kill,
    async overweight() {
      const grown = (residentMb(child.pid) ?? 0) - (base ?? 0);
      // Its heap, as much again outside of it, and what the collector may leave lying about.
      return base !== undefined && grown > 2 * options.heapMb + 64 ? Math.round(grown) : undefined;
    },
  };
}

function launch({ heapMb, stackMb, env, most }: IsolateOptions): ChildProcess {
  const { url, flags } = entryFile();
  const stack = stackMb === undefined ? [] : [`--stack-size=${Math.round(stackMb * 1024)}`];
  const limits = [`--max-old-space-size=${heapMb}`, ...stack, "--no-deprecation"];
  return spawn(process.execPath, [...limits, ...flags, fileURLToPath(url), String(most)], {
    env,
    cwd: tmpdir(),
    stdio: ["ignore", "ignore", "pipe", "pipe", "pipe"],
  });
}

function residentMb(pid: number | undefined): number | undefined {
  if (process.platform !== "linux" || pid === undefined) return undefined;
  try {
    const found = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "latin1"));
    return found === null ? undefined : Number(found[1]) / 1024;
  } catch {
    // It ended between two looks; its end is told elsewhere.
    return undefined;
  }
}
