import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Action, createSecrets, type LogEntry } from "@mofa/kernel";
import { testKernel } from "@mofa/kernel/testing";
import { expect, test } from "vitest";
import { type PinoLogOptions, pinoLog } from "./pino-log.ts";

const entry: LogEntry = { at: 1000, level: "warn", from: "tool:x", message: "slow", data: { ms: 7 }, trace: "t1" };

function linesOf(options: PinoLogOptions, ...entries: readonly LogEntry[]): readonly string[] {
  const lines: string[] = [];
  const log = pinoLog({ ...options, destination: { write: (line) => void lines.push(line) } });
  for (const one of entries) log(one);
  return lines;
}

test("each entry is one line of JSON, without fields that it does not have", () => {
  const lines = linesOf({}, entry, { at: 2000, level: "info", from: "kernel", message: "two\nlines" });
  expect(lines.map((line) => [JSON.parse(line), line.endsWith("}\n"), line.split("\n").length])).toEqual([
    [{ level: "warn", time: 1000, from: "tool:x", data: { ms: 7 }, trace: "t1", msg: "slow" }, true, 2],
    [{ level: "info", time: 2000, from: "kernel", msg: "two\nlines" }, true, 2],
  ]);
});

test("text for people says the same", () => {
  expect(linesOf({ pretty: true }, entry)).toEqual(['1970-01-01T00:00:01.000Z warn tool:x: slow {"ms":7}\n']);
});

test("lines below the level are not written", () => {
  const all = (["debug", "info", "warn", "error"] as const).map((level) => ({ ...entry, level }));
  const levels = (options: PinoLogOptions) => linesOf(options, ...all).map((line) => JSON.parse(line).level);
  expect(levels({})).toEqual(["info", "warn", "error"]);
  expect(levels({ level: "debug" })).toEqual(["debug", "info", "warn", "error"]);
  expect(linesOf({ level: "error", pretty: true }, ...all)).toHaveLength(1);
});

test.each([true, false])("alone it hides secrets in messages and data (pretty: %s)", (pretty) => {
  const secrets = createSecrets();
  secrets.add("key", "hunter22");
  const [line] = linesOf({ secrets, pretty }, { ...entry, message: "is hunter22", data: { hunter22: ["hunter22"] } });
  expect(line).toContain("is [secret key]");
  expect(line).not.toContain("hunter22");
});

test("a kernel logs into it, with the trace of the call that speaks", async () => {
  await using kernel = await testKernel();
  const tool: Action<object, string> = {
    kind: "tool",
    name: "x",
    run(_input, call) {
      call.log.warn("hm");
      return call.trace;
    },
  };
  const trace = await kernel.invoke(tool, {});
  const [line] = linesOf({}, ...kernel.logged);
  expect(JSON.parse(line as string)).toMatchObject({ from: "tool:x", msg: "hm", trace });
});

test("a file has every line when the log is closed, and none after", async () => {
  const folder = await mkdtemp(join(tmpdir(), "mofa-log-"));
  const file = join(folder, "log.jsonl");
  {
    using log = pinoLog({ destination: file });
    log(entry);
    log.close();
    log(entry);
  }
  expect((await readFile(file, "utf8")).trim().split("\n")).toHaveLength(1);
  await rm(folder, { recursive: true });
});

test("a file that cannot be opened is named", () => {
  expect(() => pinoLog({ destination: "/no/such/folder/log" })).toThrow(
    "The log cannot be written to /no/such/folder/log",
  );
});

test("a line is out before the process ends, however it ends", async () => {
  const code = `
    import { pinoLog } from ${JSON.stringify(new URL("./pino-log.ts", import.meta.url).href)};
    const log = pinoLog();
    log({ at: 1, level: "error", from: "x", message: "last words" });
    process.kill(process.pid, "SIGKILL");
  `;
  const ended: { stderr: string } = await promisify(execFile)(process.execPath, [
    "--conditions=@mofa/source",
    "--input-type=module",
    "-e",
    code,
  ]).catch((error) => error);
  expect(ended.stderr).toContain("last words");
});
