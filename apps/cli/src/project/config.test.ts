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
    'mofa.config.yaml:2:1: "concurrency": expected number, received string.',
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
  ["a missing name", "model: x\n", {}, "config.bad_value", '"name": must be given.'],
  [
    "a budget that limits nothing",
    "name: desk\nbudgets:\n  - { name: all, scope: kernel, limits: {} }\n",
    {},
    "config.bad_value",
    'mofa.config.yaml:3:33: "budgets[0].limits": limits nothing: set tokens, cost, ms, calls, depth.',
  ],
  [
    "a budget of one whom its scope does not have",
    "name: desk\nbudgets:\n  - name: all\n    scope: kernel\n    of: ann\n    limits: { calls: 1 }\n",
    {},
    "config.bad_value",
    'mofa.config.yaml:5:5: "budgets[0].of": means nothing for a budget of scope kernel: remove it.',
  ],
  [
    "a misspelt limit",
    "name: desk\nbudgets:\n  - { name: all, scope: kernel, limits: { token: 1 } }\n",
    {},
    "config.unknown_key",
    'mofa.config.yaml:3:43: "budgets[0].limits.token" is no known key. Did you mean "tokens"?',
  ],
  [
    "a duration that is none",
    "name: desk\nsupervisors:\n  - { name: shop, within: soon }\n",
    {},
    "config.bad_value",
    'mofa.config.yaml:3:19: "supervisors[0].within": write a duration like "500ms", "10s", "5m" or "24h", or a number of milliseconds.',
  ],
  [
    "a duration of no length",
    "name: desk\nquarantine: { within: 0s }\n",
    {},
    "config.bad_value",
    'mofa.config.yaml:2:15: "quarantine.within": write a duration like',
  ],
  [
    "a quarantine that is neither",
    "name: desk\nquarantine: never\n",
    {},
    "config.bad_value",
    'mofa.config.yaml:2:1: "quarantine": write false, or { faults: 5, within: 60s }.',
  ],
  [
    "a name that is taken",
    "name: desk\nsupervisors:\n  - name: shop\n  - name: shop\n",
    {},
    "config.bad_value",
    'mofa.config.yaml:4:5: "supervisors[1].name": "shop" is there already: rename one of them.',
  ],
  [
    "a schedule without a time",
    "name: desk\nschedules:\n  - name: rounds\n    task: { role: guard, input: {} }\n",
    {},
    "config.bad_value",
    'mofa.config.yaml:3:5: "schedules[0]": The schedule "rounds" was not added: exactly one of every, cron and at must be given, not none.',
  ],
  [
    "a cron expression that is none",
    "name: desk\nschedules:\n  - name: rounds\n    cron: 99 * * * *\n    task: { role: guard, input: {} }\n",
    {},
    "config.bad_value",
    'mofa.config.yaml:4:5: "schedules[0].cron": ',
  ],
  [
    "a task for nobody",
    "name: desk\nschedules:\n  - name: rounds\n    every: 10s\n    task: { input: {} }\n",
    {},
    "config.bad_value",
    'mofa.config.yaml:5:5: "schedules[0].task": names nobody to do it: set agent, role or capabilities.',
  ],
])("%s is refused with its place", async (_name, text, env, code, message) => {
  const refused = (await configOf(text, env)) as { code: string; message: string };
  expect(refused.code).toBe(code);
  expect(refused.message).toContain(message);
});

test("durations may be written as people say them, or in milliseconds", async () => {
  const text = `name: desk
supervisors: [{ name: shop, within: 1.5h, backoff: { first: 0, longest: 2m } }]
quarantine: false
health: { every: 250ms, limits: { delay: "700" } }
schedules:
  - { name: rounds, every: 24h, task: { role: guard, input: {} } }
  - { name: once, at: "2027-01-31T08:00:00+01:00", task: { agent: ann, input: { text: Good morning. } } }
budgets: [{ name: day, scope: kernel, per: day, keep: true, limits: { ms: 5 s, cost: 0.5 } }]
`;
  expect(await configOf(text, { MOFA__HEALTH__PATIENCE: "2s" })).toMatchObject({
    supervisors: [{ name: "shop", within: 5_400_000, backoff: { first: 0, longest: 120_000 } }],
    quarantine: false,
    health: { every: 250, patience: 2000, limits: { delay: 700 } },
    schedules: [{ every: 86_400_000 }, { at: Date.UTC(2027, 0, 31, 7) }],
    budgets: [{ name: "day", scope: "kernel", per: "day", keep: true, limits: { ms: 5000, cost: 0.5 } }],
  });
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
