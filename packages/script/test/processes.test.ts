import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { createLog, type LogEntry, systemClock } from "@mofa/kernel";
import { createKernel } from "@mofa/kernel/host";
import { expect, test } from "vitest";
import { script } from "../src/index.ts";
import { DEFAULT_LIMITS } from "../src/limits.ts";
import { createPool, type PoolOptions } from "../src/pool.ts";
import type { Job } from "../src/running-job.ts";
import { startWorker } from "../src/worker-process.ts";
import { evaluate, lives, resultOf, until } from "./evaluate.ts";

function openPool(options: Partial<PoolOptions> = {}) {
  const logged: LogEntry[] = [];
  const log = createLog("test", (entry) => void logged.push(entry), systemClock.now);
  const pool = createPool({ processes: 1, queue: 10, memory: 32, clock: systemClock, log, ...options });
  return Object.assign(pool, { logged });
}

function job(body: string, host: Job["host"] = async () => ({ good: true, text: "1" })): Job {
  const text = `export async function run(input, host) { ${body} }`;
  return {
    line: {
      mode: "call",
      name: "job.js",
      text,
      items: [["run", 0]],
      inputs: ["null"],
      uses: ["tool:wait"],
      limits: { ...DEFAULT_LIMITS, wall: 60_000 },
    },
    host,
  };
}

const ask = "return host.invoke('tool:wait', {})";

test("nothing is started before the first call, one process is kept ready after it, and all end with the pool", async () => {
  const pool = openPool();
  expect(pool.pids()).toEqual([]);
  await pool.run(job("return 1"));
  const pids = pool.pids();
  expect(pids.length).toBeGreaterThan(0);
  await pool[Symbol.asyncDispose]();
  expect(pids.filter(lives)).toEqual([]);
  expect(await pool.run(job("return 1"))).toMatchObject({ lost: { code: "script.sandbox_ended" } });
});

test("a process has no environment, and may not read files or start processes", async () => {
  await using pool = openPool();
  await pool.run(job("return 1"));
  const pid = pool.pids()[0];
  expect(readFileSync(`/proc/${pid}/environ`, "latin1")).toBe("");
  expect(readFileSync(`/proc/${pid}/cmdline`, "latin1")).toContain("--permission\0");
  expect(pool.logged).toEqual([]);
});

test("a process killed by hand in the middle of a call gives an error worth a retry, and the pool goes on", async () => {
  await using kernel = await createKernel({ plugins: [script({ processes: 1 })] });
  const asked = Promise.withResolvers<void>();
  kernel.provide("tool", { kind: "tool", name: "wait", run: () => new Promise(() => asked.resolve()) });
  const running = evaluate(kernel, `${ask} /* from a process of our own */`, { uses: ["tool:wait"] });
  await asked.promise;
  for (const pid of childrenOf(process.pid)) process.kill(pid, "SIGKILL");
  expect(await running).toMatchObject({
    error: { code: "script.worker_lost", retryable: true, data: { how: "SIGKILL" } },
  });
  expect(resultOf(await evaluate(kernel, "return 1"))).toBe(1);
});

test("scripts that wait for their host leave their place to others", async () => {
  await using pool = openPool();
  const inner = () => pool.run(job("return 'inner'"));
  const outer = job(ask, async () => ({ good: true, text: JSON.stringify((await inner()).outcomes[0]?.text) }));
  const ends = await Promise.all([pool.run(outer), pool.run(outer), pool.run(outer)]);
  expect(ends.map(({ outcomes }) => outcomes[0]?.text)).toEqual(Array(3).fill('V"V\\"inner\\""'));
});

test("what does not fit into the queue is refused, and what waits there can be cancelled", async () => {
  await using pool = openPool({ queue: 2 });
  const stop = new AbortController();
  const loop = job("for (;;) {}");
  const running = [pool.run(loop, stop.signal), pool.run(loop, stop.signal), pool.run(job("return 1"))];
  expect(running).toHaveLength(3);
  const refused = await pool.run(job("return 1"));
  stop.abort();
  const ends = await Promise.all(running);
  expect(refused.lost?.code).toBe("script.queue_full");
  expect(ends.map(({ lost, outcomes }) => lost?.code ?? outcomes[0]?.text)).toEqual([
    "script.cancelled",
    "script.cancelled",
    "script.queue_full",
  ]);
});

test("the processes of a host that is killed end by themselves, even in the middle of a loop", async () => {
  const host = spawn(
    process.execPath,
    ["--conditions=@mofa/source", new URL("./orphan.ts", import.meta.url).pathname],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const [line] = (await once(host.stdout, "data")) as [Buffer];
  const pids = JSON.parse(line.toString()) as number[];
  expect(pids.filter(lives).length).toBeGreaterThan(0);
  host.kill("SIGKILL");
  await until(() => !pids.some(lives));
});

test("where the permission model keeps a process from starting, it goes on without, and says so", async () => {
  const asked: boolean[] = [];
  const start: typeof startWorker = (options) => {
    asked.push(options.restricted);
    return options.restricted ? failing("Error: ERR_ACCESS_DENIED") : startWorker(options);
  };
  await using pool = openPool({ start });
  expect((await pool.run(job("return 1"))).outcomes[0]?.text).toBe("V1");
  expect([asked[0], asked.at(-1)]).toEqual([true, false]);
  expect(pool.logged.map(({ level }) => level)).toEqual(["warn"]);
});

test("when no process can be started, those who wait hear why", async () => {
  await using pool = openPool({ start: () => failing("no native build was found") });
  const end = await pool.run(job("return 1"));
  expect(end.lost).toEqual({ code: "script.worker_failed", how: "exit 1 no native build was found" });
  expect(pool.pids()).toEqual([]);
});

function failing(said: string): ReturnType<typeof startWorker> {
  const gone = Promise.resolve({ killedFor: undefined, how: "exit 1", signal: null, said });
  return { pid: 0, gone, jobs: 0, base: 0, send() {}, kill() {}, memory: () => 0 };
}

/** The living processes whose parent is this one, and that are workers. */
function childrenOf(pid: number): number[] {
  const children = readFileSync(`/proc/${pid}/task/${pid}/children`, "latin1").trim().split(" ").map(Number);
  return children.filter((child) => readFileSync(`/proc/${child}/cmdline`, "latin1").includes("worker.ts"));
}
