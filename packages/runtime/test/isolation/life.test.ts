import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { leakGuard, testKernel } from "@mofa/kernel/testing";
import { describe, expect, test } from "vitest";
import { isolated } from "../../src/isolation/isolated.ts";
import { FIXTURES, fixture, until } from "./open.ts";

const life = () => {
  const failures: unknown[] = [];
  const controller = new AbortController();
  return {
    failures,
    controller,
    signal: controller.signal,
    failed: (error: unknown) => void failures.push(error),
    done: () => {},
  };
};

/** What keeps this process alive, once what was closed has gone. */
async function resources(): Promise<readonly string[]> {
  for (let turns = 0; turns < 5; turns++) await new Promise((resolve) => setImmediate(resolve));
  return process.getActiveResourcesInfo().filter((name) => name !== "Immediate" && name !== "Timeout");
}

function children(): readonly string[] {
  const all = execFileSync("ps", ["-o", "pid=,args=", "--ppid", String(process.pid)], { encoding: "utf8" });
  return all.split("\n").filter((line) => line.includes("worker-entry"));
}

describe.each(["worker", "process"] as const)("an agent in a %s", (isolation) => {
  test("leaves nothing behind when it stops", async () => {
    let now = await resources();
    const check = leakGuard(() => now);
    const agent = fixture("echo", isolation);
    for (const _ of [1, 2]) {
      await agent.start?.(life());
      expect(children()).toHaveLength(isolation === "process" ? 1 : 0);
      await agent.stop?.();
      expect(children()).toEqual([]);
    }
    now = await resources();
    check();
  }, 30_000);

  test("can be stopped twice, and started again", async () => {
    await using kernel = await testKernel();
    const agent = fixture("counting", isolation);
    await agent.stop?.();
    await agent.start?.(life());
    expect(await kernel.invoke(agent, {})).toBe(1);
    await agent.stop?.();
    await agent.stop?.();
    await expect(kernel.invoke(agent, {})).rejects.toMatchObject({ code: "isolation.not_running" });
    await agent.start?.(life());
    expect(await kernel.invoke(agent, {})).toBe(1);
    await agent.stop?.();
  }, 30_000);

  test("that fails to start says why, and is gone", async () => {
    const one = life();
    const start = Promise.resolve(fixture("badStart", isolation).start?.(one));
    await expect(start).rejects.toThrow("no key");
    expect(one.failures).toEqual([]);
    expect(children()).toEqual([]);
  }, 30_000);

  test("that is never ready is ended", async () => {
    const start = Promise.resolve(fixture("slowStart", isolation, { bootMs: 1_000 }).start?.(life()));
    await expect(start).rejects.toMatchObject({ code: "isolation.not_ready" });
    expect(children()).toEqual([]);
  }, 30_000);

  test("is given up when its life ends before it is ready", async () => {
    const one = life();
    const start = Promise.resolve(fixture("slowStart", isolation).start?.(one));
    one.controller.abort(new Error("not wanted any more"));
    await expect(start).rejects.toThrow("not wanted any more");
    expect(children()).toEqual([]);
  }, 30_000);

  test("that does not stop is ended, and says so", async () => {
    const agent = fixture("stubborn", isolation, { graceMs: 50 });
    await agent.start?.(life());
    await expect(Promise.resolve(agent.stop?.())).rejects.toMatchObject({ code: "isolation.ignored_stop" });
    expect(children()).toEqual([]);
  }, 30_000);

  test("says between turns that it has failed", async () => {
    const one = life();
    const agent = fixture("withLife", isolation);
    await agent.start?.(one);
    await until(() => one.failures.length > 0);
    expect(one.failures[0]).toMatchObject({ code: "agent.crashed", cause: { message: "lost its connection" } });
    await agent.stop?.();
  }, 30_000);

  test("hears of a cancel", async () => {
    await using kernel = await testKernel();
    const agent = fixture("cancelled", isolation);
    kernel.provide("agent", agent);
    const began = Promise.withResolvers<void>();
    kernel.provide("tool", { kind: "tool", name: "mark", description: "", run: () => began.resolve() } as never);
    await kernel.started();
    const stop = new AbortController();
    const work = kernel.invoke(agent, {}, { signal: stop.signal });
    await began.promise;
    stop.abort(new Error("changed my mind"));
    await expect(work).rejects.toThrow("changed my mind");
    // The turn has ended: the next one is taken.
    await until(() => kernel.agents()[0]?.status === "ready");
    expect(kernel.agents()[0]).toMatchObject({ status: "ready", active: 0 });
  }, 30_000);

  test("that goes on with a cancelled turn is ended and restarted", async () => {
    await using kernel = await testKernel();
    const agent = fixture("cancelled", isolation, { graceMs: 100 });
    kernel.provide("agent", agent);
    await kernel.started();
    const stop = new AbortController();
    const work = kernel.invoke(agent, { ignore: true }, { signal: stop.signal });
    stop.abort(new Error("enough"));
    await expect(work).rejects.toThrow("enough");
    const reasons: string[] = [];
    const unwatch = kernel.watch({ type: "agent.changed" }, (event) => {
      if (event.type === "agent.changed" && event.reason !== undefined) reasons.push(event.reason);
    });
    await until(() => kernel.agents()[0]?.status === "failed");
    expect(reasons.join()).toContain("cancelled turn");
    await kernel.clock.advance(1_000);
    await until(() => kernel.agents()[0]?.status === "ready");
    unwatch();
  }, 30_000);
});

test("a process ends when its kernel's process is killed, even in an endless loop", async () => {
  const parent = fileURLToPath(new URL("./fixtures/parent.ts", import.meta.url));
  const child = spawn(process.execPath, ["--conditions=@mofa/source", parent], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [said] = (await once(child.stdout, "data")) as [Buffer];
  const pid = Number(said.toString());
  expect(isAlive(pid)).toBe(true);
  child.kill("SIGKILL");
  await until(() => !isAlive(pid));
}, 30_000);

test("bad options are told by name", () => {
  const make = (more: object) => () => isolated({ name: "a", module: FIXTURES, isolation: "worker", ...more });
  expect(make({ heapMb: -1 })).toThrow('its option "heapMb" must be a number above 0, not -1');
  expect(make({ cpuMs: Number.NaN })).toThrow('"cpuMs"');
  expect(make({ module: "some-package" })).toThrow('a URL or a path, not "some-package"');
});

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    // A zombie has ended: nobody was there to take note.
    return !execFileSync("ps", ["-o", "stat=", "-p", String(pid)], { encoding: "utf8" }).startsWith("Z");
  } catch {
    return false;
  }
}
