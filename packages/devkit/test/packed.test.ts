// Packs every public package and uses it as a stranger would: from an empty project outside this workspace.
import { copyFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readPublic } from "../src/workspace.ts";
import { createConsumer, type Packed, pack } from "./consumer.ts";
import { type Outcome, run, serve } from "./program.ts";

const minutes = 60_000;
const bin = fileURLToPath(new URL("../node_modules/.bin/", import.meta.url));
let folder = "";
let consumer = "";
let packages: readonly Packed[] = [];

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "mofa-packed-"));
  consumer = join(folder, "consumer");
  packages = await pack(join(folder, "tarballs"));
  await createConsumer(consumer, packages);
}, 5 * minutes);

afterAll(() => rm(folder, { recursive: true, force: true }));

for (const { manifest } of readPublic()) {
  const find = () => packages.find(({ name }) => name === manifest.name) as Packed;

  test(`${manifest.name} is put together as publint wants it`, { timeout: minutes }, async () => {
    succeeded(await run(join(bin, "publint"), [find().tarball, "--strict"], { cwd: folder }));
  });

  // A package that is only a command has nothing to import.
  if (manifest.publishConfig?.exports === undefined) continue;
  test(`${manifest.name} shows its types to every way of importing it`, { timeout: minutes }, async () => {
    const args = [find().tarball, "--profile", "esm-only", "--quiet"];
    succeeded(await run(join(bin, "attw"), args, { cwd: folder }));
  });
}

test("every entry loads in plain Node", { timeout: minutes }, async () => {
  const imports = packages.flatMap(({ entries }) => entries).map((entry) => `await import("${entry}");`);
  await writeFile(join(consumer, "load.js"), imports.join("\n"));
  succeeded(await run(process.execPath, ["--no-node-snapshot", "load.js"], { cwd: consumer }));
});

test("every entry and the hello of the README compile without skipLibCheck", { timeout: minutes }, async () => {
  const entries = packages.flatMap((each) => each.entries);
  const imports = entries.map((entry, index) => `export * as entry${index} from "${entry}";`);
  await writeFile(join(consumer, "entries.ts"), imports.join("\n"));
  await copyFile(new URL("hello.ts.txt", import.meta.url), join(consumer, "hello.ts"));
  succeeded(await run(join(consumer, "node_modules/.bin/tsc"), ["-p", "."], { cwd: consumer }));
});

test("the hello of the README runs", { timeout: minutes }, async () => {
  await copyFile(new URL("hello.ts.txt", import.meta.url), join(consumer, "hello.ts"));
  // The rehearsal endpoint: a model that answers by rule, started by the packed command.
  const mofa = join(consumer, "node_modules/.bin/mofa");
  await using endpoint = await serve(mofa, ["rehearse", "--port", "0"], { cwd: consumer });
  const env = { OPENAI_BASE_URL: endpoint.url, OPENAI_API_KEY: "rehearsal" };
  succeeded(await run(process.execPath, ["--no-node-snapshot", "hello.ts"], { cwd: consumer, env }));
});

test("the demo of the packed command runs in an empty folder", { timeout: minutes }, async () => {
  const empty = await mkdtemp(join(folder, "empty-"));
  const mofa = join(consumer, "node_modules/.bin/mofa");
  const outcome = await run(mofa, ["demo", "--once", "--port", "0"], {
    cwd: empty,
    env: { OPENAI_BASE_URL: "", OPENAI_API_KEY: "" },
  });
  succeeded(outcome);
  expect(outcome.output).toContain("23 tickets: 23 done.");
});

// What a failing program wrote is the message of the test.
function succeeded({ code, output }: Outcome): void {
  expect(code, output).toBe(0);
}
