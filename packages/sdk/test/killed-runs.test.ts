// Runs whose processes are killed by them, in the middle of very many steps, or answer the same question at once.
import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { LONG, MAX_TAKEOVERS, openKilled } from "./killed-runs.ts";

async function temporary(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), "mofa-killed-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true }) };
}

const program = join(import.meta.dirname, "killed-runs.ts");

function live(...given: readonly string[]): ChildProcess {
  const args = ["--conditions=@mofa/source", program, ...given];
  return spawn(process.execPath, args, { stdio: ["pipe", "pipe", "inherit"] });
}

/** The signal that a process was ended by. */
async function endOf(child: ChildProcess): Promise<unknown> {
  const [, signal] = await once(child, "exit");
  return signal;
}

async function linesOf(folder: string, file: string): Promise<readonly string[]> {
  const text = await readFile(join(folder, file), "utf8").catch(() => "");
  return text.split("\n").slice(0, -1);
}

test("a run that kills each process it is in is set aside, and is well again once it is queued anew", async () => {
  await using folder = await temporary();
  expect(await endOf(live(folder.path, "start", "poison"))).toBe("SIGKILL");
  for (let life = 0; life < MAX_TAKEOVERS; life++) expect(await endOf(live(folder.path, "go-on"))).toBe("SIGKILL");

  await using kernel = await openKilled(folder.path, false);
  const run = kernel.get("engine", "runs").open("r");
  for (let waits = 0; (await run.status()) !== "dead" && waits < 500; waits++) await sleep(20);
  expect(await run.record()).toMatchObject({ status: "dead", error: { code: "run.dead" } });
  expect(await linesOf(folder.path, "begun.txt")).toHaveLength(1 + MAX_TAKEOVERS);
  await run.requeue();
  expect(await run.result()).toBe("well");
  expect(await linesOf(folder.path, "begun.txt")).toHaveLength(2 + MAX_TAKEOVERS);
}, 60_000);

test(`a run of ${LONG} kept steps is taken up after a kill: none of them is run again`, async () => {
  await using folder = await temporary();
  expect(await endOf(live(folder.path, "start", "long"))).toBe("SIGKILL");
  await using kernel = await openKilled(folder.path, false);
  const opened = performance.now();
  const run = kernel.get("engine", "runs").open("r");
  const output = await run.result();
  console.info(`${LONG} kept steps taken up and gone through in ${Math.round(performance.now() - opened)} ms`);
  expect(output).toEqual([(LONG * (LONG - 1)) / 2, "well"]);
  expect(new Set(await linesOf(folder.path, "counted.txt")).size).toBe(LONG);
  expect(await linesOf(folder.path, "counted.txt")).toHaveLength(LONG);
  expect(await linesOf(folder.path, "begun.txt")).toHaveLength(2);
  expect(await run.record()).toMatchObject({ status: "done", takeovers: 1 });
}, 60_000);

test("of two processes that answer a question at once, one wins, and the other is told who did", async () => {
  await using folder = await temporary();
  await using kernel = await openKilled(folder.path, false);
  const engine = kernel.get("engine", "runs");
  const run = await engine.start(kernel.get("workflow", "asks"), {});
  for (let waits = 0; (await engine.decisions({ status: "open" })).length === 0 && waits < 500; waits++)
    await sleep(10);
  const [task] = await engine.decisions({ status: "open" });
  const people = ["ann", "bob"];
  const children = people.map((who) => live(folder.path, "decide", task?.token ?? "", who));
  await Promise.all(children.map(({ stdout }) => stdout && once(stdout, "data")));
  const answers = Promise.all(children.map(async ({ stdout }) => stdout && String((await once(stdout, "data"))[0])));
  for (const { stdin } of children) stdin?.write("go\n");
  const said = (await answers).map((answer) => String(answer).trim());
  const winner = people.find((who) => said.includes(`won ${who}`)) ?? "nobody";
  const loser = said.find((answer) => answer !== `won ${winner}`);
  expect(loser).toMatch(new RegExp(`^lost: .*${winner}`));
  expect(await run.result()).toMatchObject({ value: "yes", by: winner });
  await Promise.all(children.map((child) => child.exitCode ?? once(child, "exit")));
}, 60_000);
