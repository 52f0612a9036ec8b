import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { mofa } from "./support-desk.ts";

const LIMIT = { timeout: 60_000 };

const SOURCE = `
import { definePlugin } from "@mofa/sdk";
import { z } from "zod";
export const plugin = (options: { sky: string }) => definePlugin({
  name: "weather", version: "1.0.0",
  setup(ctx) {
    z.string().parse(options.sky);
    ctx.provide("tool", { kind: "tool", name: "weather", description: "The sky.", input: { type: "object" }, run: () => options.sky });
  },
})();`;

async function project(config = "") {
  const folder = await mkdtemp(join(tmpdir(), "mofa-project-"));
  await mkdir(join(folder, "plugins", "weather"), { recursive: true });
  await mkdir(join(folder, "workflows"));
  await writeFile(
    join(folder, "mofa.config.yaml"),
    `name: sky\nplugins:\n  options: { weather: { sky: clear } }\n${config}`,
  );
  await writeFile(join(folder, "plugins", "weather", "main.ts"), SOURCE);
  const manifest = { name: "weather", version: "1.0.0", main: "main.ts", permissions: ["provide:tool"] };
  await writeFile(join(folder, "plugins", "weather", "mofa.plugin.json"), JSON.stringify(manifest));
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

const last = (text: string) => text.trim().split("\n").at(-1) ?? "";

test("a plugin is signed and checked, and what was changed since is refused", LIMIT, async () => {
  await using _ = await project();
  const run = (...args: readonly string[]) => mofa(["plugin", ...args], _.folder).finished;
  const made = await run("keygen", "ours.key");
  const key = last(made.stdout);
  expect([made.code, (await stat(join(_.folder, "ours.key"))).mode & 0o777]).toEqual([0, 0o600]);
  expect(await run("keygen", "ours.key")).toMatchObject({
    code: 1,
    stderr: expect.stringContaining("is there already"),
  });

  const unsigned = await run("verify", "plugins/weather", "--trust", `ours=${key}`);
  expect([unsigned.code, last(unsigned.stderr)]).toEqual([3, expect.stringContaining("[plugin.unsigned]")]);
  const signed = await run("sign", "plugins/weather", "--key", "ours.key");
  expect([signed.code, signed.stderr]).toEqual([0, expect.stringContaining('with the key "ours"')]);
  const checked = await run("verify", "plugins/weather", "--trust", `ours=${key}`);
  expect([checked.code, last(checked.stdout)]).toEqual([0, last(signed.stdout)]);
  expect(last((await run("digest", "plugins/weather")).stdout)).toBe(last(signed.stdout));

  await writeFile(join(_.folder, "plugins/weather/main.ts"), SOURCE.replace("sky", "evil"));
  const changed = await run("verify", "plugins/weather");
  expect([changed.code, last(changed.stderr)]).toEqual([3, expect.stringContaining("[plugin.tampered]")]);
  await run("digest", "plugins/weather", "--write");
  const manifest = JSON.parse(await readFile(join(_.folder, "plugins/weather/mofa.plugin.json"), "utf8")) as object;
  expect(Object.keys(manifest)).not.toContain("signature");
});

test.each([
  ["no folder", ["digest", "nowhere"], "[folder.not_found]"],
  ["no key file", ["sign", "plugins/weather", "--key", "nowhere.key"], "[project.no_file]"],
  ["a key to trust that is none", ["verify", "plugins/weather", "--trust", "ours"], "[usage.bad_trust]"],
])("%s is told by name", LIMIT, async (_name, args, said) => {
  await using _ = await project();
  const { code, stderr } = await mofa(["plugin", ...args], _.folder).finished;
  expect([code === 0, stderr]).toEqual([false, expect.stringContaining(said)]);
});

test("a project loads its plugins, and tells which it does not and why", LIMIT, async () => {
  await using _ = await project();
  await writeFile(join(_.folder, "plugins", "broken.ts"), "\nexport const plugin = {");
  const { code, stdout } = await mofa(["tree"], _.folder).finished;
  expect([code, stdout]).toEqual([0, expect.stringContaining("tool: weather")]);
  expect(stdout).toMatch(/not loaded: .*broken\.ts: .*broken\.ts:2:24: .* \[module\.syntax\]/u);
});

test("a plugin may do what its manifest says, and no more", LIMIT, async () => {
  await using _ = await project();
  const manifest = { name: "weather", version: "1.0.0", main: "main.ts", permissions: ["use:*"] };
  await writeFile(join(_.folder, "plugins", "weather", "mofa.plugin.json"), JSON.stringify(manifest));
  const { code, stdout } = await mofa(["tree"], _.folder).finished;
  expect([code, stdout.includes("tool: weather")]).toEqual([0, false]);
  expect(stdout).toMatch(/not loaded: .*weather.*"provide tool"/u);
});

test("a project that requires signatures does not run what is not signed", LIMIT, async () => {
  await using _ = await project("  trust: { required: true }\n");
  const { code, stdout } = await mofa(["tree"], _.folder).finished;
  expect([code, stdout.includes("tool: weather")]).toEqual([0, false]);
  expect(stdout).toContain("[plugin.unsigned]");
});
