// One worker process as its supervisor sees it.
//
// 1. It starts with an empty environment and, where Node allows, without access to files and processes.
// 2. `gone` resolves exactly once, with how it ended; whoever kills it says why first.
// 3. Its first line is `ready`; what it needs of memory then is the base that growth is measured from.
import { type ChildProcess, spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import type { Socket } from "node:net";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { createLineCutter, type FromWorker, type ToWorker } from "./wire.ts";

/** How a process ended: by our hand for a reason, or by itself. */
export interface Ending {
  readonly killedFor: string | undefined;
  /** `exit 1` or `SIGABRT`. */
  readonly how: string;
  readonly signal: NodeJS.Signals | null;
  /** The end of what it wrote to its error output. */
  readonly said: string;
}

export interface WorkerProcess {
  readonly pid: number;
  readonly gone: Promise<Ending>;
  /** Jobs it was given. */
  jobs: number;
  /** MiB it had when it was ready. */
  base: number;
  send(line: ToWorker): void;
  kill(reason: string): void;
  /** MiB of memory, read from the system where it tells, else from the last pulse. */
  memory(): number;
}

export interface WorkerOptions {
  /** Runs under Node's permission model. */
  readonly restricted: boolean;
  /** MiB of the isolates it keeps ready. */
  readonly memory: number;
  take(line: FromWorker): void;
}

const LONGEST_LINE = 64 * 1024 * 1024;
const FLAGS = ["--no-node-snapshot", "--max-old-space-size=128", "--disable-proto=delete", "--no-deprecation"];

/** Starts a worker process. */
export function startWorker(options: WorkerOptions): WorkerProcess {
  const child = launch(options);
  // Without free file handles a child has no streams; its "error" event tells.
  const socket = child.stdio?.[3] as Socket | undefined;
  const { promise: gone, resolve } = Promise.withResolvers<Ending>();
  let killedFor: string | undefined;
  let said = "";
  let unsent = "";
  let pulse = 0;

  function kill(reason: string) {
    killedFor ??= reason;
    child.kill("SIGKILL");
  }

  function take(text: string) {
    if (killedFor !== undefined) return;
    const line = JSON.parse(text) as FromWorker;
    if (line.type === "pulse") pulse = line.rss / 1024 / 1024;
    else options.take(line);
  }

  const cut = createLineCutter(LONGEST_LINE, take);
  socket?.setEncoding("utf8");
  socket?.on("data", (chunk: string) => {
    try {
      cut(chunk);
    } catch (error) {
      // What is not a line of ours, or too long for one, comes from a process that was taken over.
      kill(`it broke the protocol: ${String(error)}`);
    }
  });
  // The end of the process is what counts; it is told by "exit".
  socket?.on("error", () => {});
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    said = (said + chunk).slice(-2_000);
  });
  child.on("error", (error) => resolve({ killedFor, how: error.message, signal: null, said }));
  child.on("exit", (code, signal) => {
    socket?.destroy();
    resolve({ killedFor, how: signal ?? `exit ${code}`, signal, said });
  });

  return {
    pid: child.pid ?? 0,
    gone,
    jobs: 0,
    base: 0,
    send(line) {
      // One write for all lines of a turn.
      if (unsent === "") queueMicrotask(flush);
      unsent += `${JSON.stringify(line)}\n`;
    },
    kill,
    memory: () => residentMemory(child.pid) ?? pulse,
  };

  function flush() {
    const lines = unsent;
    unsent = "";
    if (socket?.destroyed === false) socket.write(lines);
  }
}

function launch({ restricted, memory }: WorkerOptions): ChildProcess {
  // Beside this file in the sources; beside the bundle in what is published.
  const source = import.meta.url.endsWith(".ts");
  const entry = fileURLToPath(
    source ? new URL("./worker.ts", import.meta.url) : new URL("./worker.js", import.meta.url),
  );
  const native = createRequire(import.meta.url).resolve("isolated-vm");
  const permission = restricted
    ? ["--permission", "--allow-addons", ...readable(entry, native).map((path) => `--allow-fs-read=${path}`)]
    : [];
  return spawn(
    process.execPath,
    [...FLAGS, "--disable-warning=PERM0001", ...permission, entry, native, String(memory)],
    {
      env: {},
      cwd: dirname(entry),
      stdio: ["ignore", "ignore", "pipe", "pipe"],
    },
  );
}

/** What a worker must read to start: itself, the native module, and the file by which that one tells the C library. */
function readable(entry: string, native: string): string[] {
  const home = dirname(native);
  const loader = dirname(createRequire(native).resolve("node-gyp-build"));
  return [
    join(dirname(entry), "*"),
    join(home, "*"),
    join(loader, "*"),
    join(dirname(home), "node-gyp-build"),
    "/etc/alpine-release",
  ];
}

function residentMemory(pid: number | undefined): number | undefined {
  if (process.platform !== "linux" || pid === undefined) return undefined;
  try {
    const found = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "latin1"));
    return found === null ? undefined : Number(found[1]) / 1024;
  } catch {
    // It ended between two looks; its exit is told elsewhere.
    return undefined;
  }
}
