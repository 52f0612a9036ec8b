// What docs/guides/runs.md shows is run as it stands there.
import { execFile } from "node:child_process";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { createSecrets } from "@mofa/sdk";
import { expect, test } from "vitest";
import { createRunsCommand } from "../src/commands/runs.ts";
import { mofa } from "./support-desk.ts";

const LIMIT = { timeout: 120_000 };
const CLI = fileURLToPath(new URL("..", import.meta.url));
const guide = await readFile(new URL("../../../docs/guides/runs.md", import.meta.url), "utf8");

const blocks = (language: string) =>
  [...guide.matchAll(new RegExp(`\`\`\`${language}\n(.*?)\`\`\``, "gsu"))].map(([, code = ""]) => code);

async function temporaryFolder() {
  const path = await mkdtemp(join(tmpdir(), "mofa-guide-"));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

test("the program prints what it says behind each line that prints", LIMIT, async () => {
  await using folder = await temporaryFolder();
  const code = blocks("ts").join("\n");
  const says = [...code.matchAll(/console\.log\(.*\); \/\/ (.*)$/gmu)].map(([, said]) => said);
  expect(says.length).toBe([...code.matchAll(/console\.log/gu)].length);
  const program = code.replace('"./runs.db"', JSON.stringify(join(folder.path, "runs.db")));
  const flags = ["--conditions=@mofa/source", "--input-type=module-typescript", "--eval", program];
  // A program that waits for what never comes is ended.
  const { stdout, stderr } = await promisify(execFile)(process.execPath, flags, { cwd: CLI, timeout: 60_000 });
  expect([stdout.trimEnd().split("\n"), stderr]).toEqual([says, ""]);
});

test("the project folder works, and each command does", LIMIT, async () => {
  await using folder = await temporaryFolder();
  for (const text of blocks("yaml")) {
    const [, path = ""] = /^# (\S+)\n/u.exec(text) ?? [];
    await mkdir(dirname(join(folder.path, path)), { recursive: true });
    await writeFile(join(folder.path, path), text);
  }
  await mkdir(join(folder.path, "inbox"));
  for (const name of ["1001", "1002"]) await writeFile(join(folder.path, "inbox", `${name}.txt`), name);
  const run = (...args: readonly string[]) => mofa(args, folder.path).finished;
  const untilListed = async (what: RegExp) => {
    await using working = mofa(["start", "--port", "0"], folder.path);
    await working.said("tickets taken");
    await expect.poll(listed, { timeout: 30_000, interval: 200 }).toMatch(what);
  };
  const listed = async () => {
    const lines: string[] = [];
    const terminal = { secrets: createSecrets(), say() {}, print: (text: string) => void lines.push(text) };
    await createRunsCommand(folder.path, terminal).list({});
    return lines.join("\n");
  };
  await untilListed(/(?:order:100\d +waiting .*\n?){2}/u);
  const said: string[] = [];
  for (const line of blocks("sh").join("").trim().split("\n")) {
    const [name = "", ...args] = [...line.matchAll(/'([^']*)'|"([^"]*)"|(\S+)/gu)].map(
      ([, a, b, c]) => a ?? b ?? c ?? "",
    );
    expect(name).toBe("mofa");
    const { code, stdout, stderr } = await run(...args);
    expect([line, code, stderr]).toEqual([
      line,
      0,
      line.includes("prune") ? expect.stringContaining("nothing was changed") : "",
    ]);
    said.push(stdout);
  }
  expect(said[0]).toMatch(/order:1002 +waiting/u);
  expect(said[2]).toContain("script.task");
  await untilListed(/order:1002 +cancelled (?:.|\n)*order:1001 +done/u);
  expect((await run("runs", "show", "order:1001")).stdout).toMatch(/^output +42$/mu);
});
