import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { copySupportDesk, mofa } from "./support-desk.ts";

const LIMIT = { timeout: 120_000 };

test("a desk's database is looked at, saved, put back elsewhere, and cleared of what is old", LIMIT, async () => {
  await using desk = await copySupportDesk();
  const db = (...args: string[]) => mofa(["db", ...args], desk.folder, { DESK_DATABASE: "other.db" }).finished;
  expect(await db("status")).toMatchObject({ code: 4, stderr: expect.stringContaining("[database.no_file]") });
  expect(await mofa(["start", "--once", "--port", "0"], desk.folder).finished).toMatchObject({ code: 0 });

  const status = await db("status", "--json");
  const { runs, steps } = JSON.parse(status.stdout) as { runs: object[]; steps: { status: string }[] };
  expect([status.code, runs, new Set(steps.map((step) => step.status))]).toEqual([
    0,
    [{ queue: "", status: "done", count: 23 }],
    new Set(["applied"]),
  ]);
  expect(await db("backup", "desk.jsonl.gz")).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/mofa_run +23\n/),
  });
  expect(await db("prune", "--older-than", "30d", "--dry")).toMatchObject({ stdout: "runs      0\nsessions  0\n" });
  expect(await db("prune", "--keep", "3")).toMatchObject({ stdout: "runs      20\nsessions  0\n" });
  expect(await db("restore", "desk.jsonl.gz")).toMatchObject({ stderr: expect.stringContaining("3 in mofa_run") });
  expect(await db("restore", "desk.jsonl.gz", "--database", "other.db")).toMatchObject({ code: 0 });
  // The project names the other one now.
  await writeFile(join(desk.folder, "mofa.config.yaml"), "name: desk\ndatabase: env:DESK_DATABASE\nmigrate: manual\n");
  expect(await db("status")).toMatchObject({ code: 0, stdout: expect.stringMatching(/done +23\n/) });
  expect(await db("vacuum")).toMatchObject({ code: 0, stdout: expect.stringMatching(/^before .*\nafter /) });
});

test("what is missing is said with what to do", LIMIT, async () => {
  await using desk = await copySupportDesk();
  const db = (args: readonly string[], env = {}) => mofa(["db", ...args], desk.folder, env).finished;
  const where = ["--database", "env:DESK_DATABASE"];
  const address = "postgres://ann:s3cret-word@127.0.0.1:1/desk";
  const [none, unset, silent, aged, nothing] = await Promise.all([
    db(["status", "agents"]),
    db(["status", ...where]),
    db(["status", ...where], { DESK_DATABASE: address }),
    db(["prune", "--older-than", "long"]),
    db(["prune"]),
  ]);
  expect(none).toMatchObject({ stderr: expect.stringContaining("[usage.no_database]") });
  expect(unset).toMatchObject({ stderr: expect.stringContaining("export DESK_DATABASE=") });
  expect(silent).toMatchObject({ code: 4, stderr: expect.stringContaining("[database.unreachable]") });
  expect(silent.stderr).not.toContain("s3cret-word");
  expect(aged).toMatchObject({ stderr: expect.stringContaining("30d") });
  expect(nothing).toMatchObject({ stderr: expect.stringContaining("--older-than 30d") });
});
