import { readdir, writeFile } from "node:fs/promises";
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
  const pruned = async (...args: string[]) => {
    const { stdout } = await db("prune", ...args);
    return Object.fromEntries(
      [...stdout.matchAll(/^(\w+) +(\d+)$/gmu)].map(([, name, count]) => [name, Number(count)]),
    );
  };
  const none = { runs: 0, sessions: 0, facts: 0, documents: 0 };
  expect(await pruned("--older-than", "30d", "--dry")).toEqual(none);
  expect(await pruned("--keep", "3")).toEqual({ ...none, runs: 20 });
  const { tables } = JSON.parse(status.stdout) as { tables: { name: string; rows: number }[] };
  const rows = (name: string) => tables.find((table) => table.name === name)?.rows ?? 0;
  expect([rows("mofa_session"), rows("mofa_document")].map((count) => count > 1)).toEqual([true, true]);
  const others = [
    "--sessions-keep",
    "1",
    "--documents-keep",
    "1",
    "--documents-prefix",
    "",
    "--facts-older-than",
    "1h",
  ];
  const rest = { ...none, sessions: rows("mofa_session") - 1, documents: rows("mofa_document") - 1 };
  expect(await pruned(...others, "--dry")).toEqual(rest);
  expect(await pruned(...others)).toEqual(rest);
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
  const [none, unset, silent, aged, nothing, which, bare, misspelt] = await Promise.all([
    db(["status", "agents"]),
    db(["status", ...where]),
    db(["status", ...where], { DESK_DATABASE: address }),
    db(["prune", "--older-than", "long"]),
    db(["prune"]),
    db(["prune", "--facts-prefix", "customer/"]),
    db(["prune", "--documents-older-than", "1d"]),
    db(["migrate", "--database", address.replace("postgres", "postgers")]),
  ]);
  expect(none).toMatchObject({ stderr: expect.stringContaining("[usage.no_database]") });
  expect(unset).toMatchObject({ stderr: expect.stringContaining("export DESK_DATABASE=") });
  expect(silent).toMatchObject({ code: 4, stderr: expect.stringContaining("[database.unreachable]") });
  expect(silent.stderr).not.toContain("s3cret-word");
  expect(aged).toMatchObject({ stderr: expect.stringContaining("30d") });
  expect(nothing).toMatchObject({ stderr: expect.stringContaining("--older-than 30d") });
  expect(which).toMatchObject({ stderr: expect.stringContaining("--facts-older-than 30d") });
  expect(bare).toMatchObject({ stderr: expect.stringContaining("[usage.no_prefix]") });
  expect(misspelt).toMatchObject({ code: 4, stderr: expect.stringContaining('Did you mean "postgres://"?') });
  expect(misspelt.stderr).not.toContain("s3cret-word");
  expect((await readdir(desk.folder)).filter((name) => name.startsWith("postgers"))).toEqual([]);
});
