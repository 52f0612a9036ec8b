import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openProject } from "./config.ts";

async function configOf(text: string, env: Record<string, string> = {}) {
  const folder = await mkdtemp(join(tmpdir(), "mofa-config-"));
  await writeFile(join(folder, "mofa.config.yaml"), text);
  try {
    const { config } = await openProject(folder, env);
    return config;
  } catch (error) {
    const { code, message } = error as { code: string; message: string };
    return { code, message: message.replace(`${folder}/`, "") };
  } finally {
    await rm(folder, { recursive: true });
  }
}

test("what is left out has a default", async () => {
  expect(await configOf("name: desk\n")).toMatchObject({
    name: "desk",
    model: "gpt-5-mini",
    data: "data",
    durability: "full",
    seed: {},
    concurrency: 4,
    gateway: { host: "127.0.0.1", port: 4111 },
    log: { format: "text", level: "warn" },
    allowPlainSecrets: false,
  });
});

test.each([
  [
    "a misspelt key",
    "name: desk\nmodle: gpt\n",
    {},
    "config.unknown_key",
    'mofa.config.yaml:2:1: "modle" is no known key. Did you mean "model"?',
  ],
  [
    "a misspelt key further down",
    "name: desk\ngateway:\n  prot: 1\n",
    {},
    "config.unknown_key",
    'mofa.config.yaml:3:3: "gateway.prot" is no known key. Did you mean "port"? Known here: host, port, token.',
  ],
  [
    "a key of something optional",
    "name: desk\ninbox:\n  workflow: t\n  folders: x\n",
    {},
    "config.unknown_key",
    'mofa.config.yaml:4:3: "inbox.folders" is no known key. Did you mean "folder"?',
  ],
  [
    "a value of the wrong type",
    "name: desk\nconcurrency: many\n",
    {},
    "config.bad_value",
    'mofa.config.yaml:2:1: "concurrency": ',
  ],
  [
    "a port that is none",
    "name: desk\ngateway: { port: 70000 }\n",
    {},
    "config.bad_value",
    'mofa.config.yaml:2:12: "gateway.port": ',
  ],
  ["broken YAML", "name: desk\nmodel: [a, b\nx: 1\n", {}, "config.syntax", "mofa.config.yaml:3:"],
  [
    "a missing variable",
    "name: desk\nmodel: ${NO_SUCH}\n",
    {},
    "config.no_variable",
    "mofa.config.yaml:2:1: the environment has no NO_SUCH.",
  ],
  ["a missing name", "model: x\n", {}, "config.bad_value", '"name": '],
])("%s is refused with its place", async (_name, text, env, code, message) => {
  const refused = (await configOf(text, env)) as { code: string; message: string };
  expect(refused.code).toBe(code);
  expect(refused.message).toContain(message);
});

test("the environment fills in variables, and defaults stand in for them", async () => {
  const text = "name: desk\nmodel: ${MODEL:-small}\ndata: ${HOME_OF_DATA}/x\n";
  expect(await configOf(text, { HOME_OF_DATA: "/srv" })).toMatchObject({ model: "small", data: "/srv/x" });
  expect(await configOf(text, { HOME_OF_DATA: "/srv", MODEL: "big" })).toMatchObject({ model: "big" });
});

test("a project may be written in any of the formats", async () => {
  const folder = await mkdtemp(join(tmpdir(), "mofa-config-"));
  await writeFile(join(folder, "mofa.config.toml"), 'name = "desk"\n[gateway]\ntoken = "env:DOOR"\n');
  const { config, loaded } = await openProject(folder, { DOOR: "swordfish" });
  await rm(folder, { recursive: true });
  expect([config.name, config.gateway.token, loaded.secrets.redact("swordfish")]).toEqual([
    "desk",
    "swordfish",
    "[secret gateway.token]",
  ]);
});

test("a folder without a config is named", async () => {
  await expect(openProject(tmpdir(), {})).rejects.toMatchObject({ code: "config.not_found" });
});
