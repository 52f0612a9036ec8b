import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { z } from "zod";
import { configFolder } from "../../test/config-folder.ts";

const schema = z.strictObject({
  name: z.string(),
  model: z.string().default("small"),
  seed: z.record(z.string(), z.string()).default({}),
  hosts: z.array(z.string()).default([]),
  steps: z.array(z.strictObject({ use: z.string(), retries: z.int().optional() })).optional(),
  gateway: z
    .strictObject({ host: z.string().default("127.0.0.1"), port: z.int().max(65535).default(4111) })
    .prefault({}),
  inbox: z.strictObject({ maxBytes: z.int().default(10), watch: z.boolean().optional() }).optional(),
});

const DESK = { name: "desk", model: "small", seed: {}, hosts: [], gateway: { host: "127.0.0.1", port: 80 } };

test.each([
  ["mofa.config.yaml", "name: desk\ngateway: { port: 80 }\n"],
  ["mofa.config.yml", "name: desk\ngateway:\n  port: 80\n"],
  ["mofa.config.json", '{ "name": "desk", "gateway": { "port": 80 } }'],
  ["mofa.config.toml", 'name = "desk"\n[gateway]\nport = 80\n'],
  ["mofa.config.mjs", 'export default { name: "desk", gateway: { port: 80 } };'],
  ["mofa.config.js", 'export default async () => ({ name: "desk", gateway: { port: 80 } });'],
])("%s says the same", async (file, text) => {
  await using project = await configFolder({ [file]: text });
  const config = await project.load(schema, { NAME: "desk" });
  expect(config.value).toEqual(DESK);
  expect(config.file).toBe(join(project.folder, file));
});

test("mofa.config.ts says the same, and its types are taken away by Node itself", async () => {
  const text =
    'const port: number = 80;\nexport default (env: Record<string, string>) => ({ name: env["NAME"], gateway: { port } });';
  await using project = await configFolder({ "mofa.config.ts": text });
  const code = `
    import { loadConfig } from ${JSON.stringify(new URL("./load-config.ts", import.meta.url).href)};
    const schema = { type: "object" };
    const config = await loadConfig({ folder: process.argv[1], schema, env: { NAME: "desk" } });
    process.stdout.write(JSON.stringify(config.value));
  `;
  const args = ["--conditions=@mofa/source", "--input-type=module", "-e", code, project.folder];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args);
  expect([JSON.parse(stdout), stderr]).toEqual([{ name: "desk", gateway: { port: 80 } }, ""]);
});

test("a script that was changed is run anew", async () => {
  await using project = await configFolder({ "mofa.config.mjs": 'export default { name: "one" };' });
  expect((await project.load(schema)).value.name).toBe("one");
  await writeFile(join(project.folder, "mofa.config.mjs"), 'export default { name: "two, longer" };');
  expect((await project.load(schema)).value.name).toBe("two, longer");
});

test("no file and two files are refused by name", async () => {
  await using none = await configFolder({});
  expect(await none.refusal(schema)).toContain("[config.not_found] There is no mofa.config.yaml in .,");
  await using two = await configFolder({ "mofa.config.yaml": "name: a", "mofa.config.json": "{}" });
  expect(await two.refusal(schema)).toContain("There are mofa.config.yaml and mofa.config.json in .");
  await using other = await configFolder({ "agent.yaml": "name: a" });
  expect((await other.load(schema, {}, { name: "agent" })).value.name).toBe("a");
});

test("what stands below the file is joined key by key", async () => {
  await using project = await configFolder({ "mofa.config.yaml": "gateway: { port: 80 }\nhosts: [b]" });
  const config = await project.load(
    schema,
    {},
    { defaults: { name: "desk", hosts: ["a"], gateway: { host: "::1", port: 1 } } },
  );
  expect(config.value).toMatchObject({ name: "desk", hosts: ["b"], gateway: { host: "::1", port: 80 } });
  expect(config.explain("gateway.port").origins.map(({ says, written }) => [says, written])).toEqual([
    ["mofa.config.yaml:1:12", 80],
    ["default", 1],
  ]);
});

const YAML = "mofa.config.yaml";
const JSON_FILE = "mofa.config.json";
const TOML = "mofa.config.toml";

test.each([
  [
    "a misspelt key",
    YAML,
    "name: a\nmodle: x\n",
    '[config.unknown_key] mofa.config.yaml:2:1: "modle" is no known key. Did you mean "model"? Known here: name, model, seed, hosts, steps, gateway, inbox.',
  ],
  [
    "a misspelt key below",
    YAML,
    "name: a\ngateway:\n  prot: 1\n",
    '[config.unknown_key] mofa.config.yaml:3:3: "gateway.prot" is no known key. Did you mean "port"? Known here: host, port.',
  ],
  [
    "a misspelt key in a list",
    YAML,
    "name: a\nsteps:\n  - use: x\n  - ues: y\n",
    '[config.unknown_key] mofa.config.yaml:4:5: "steps[1].ues" is no known key. Did you mean "use"? Known here: use, retries.',
  ],
  [
    "a wrong type",
    YAML,
    "name: a\ngateway: { port: high }\n",
    '[config.bad_value] mofa.config.yaml:2:12: "gateway.port": ',
  ],
  ["two wrong values", YAML, "name: 1\nmodel: 2\n", "(and 1 more)"],
  ["a wrong item", YAML, "name: a\nhosts: [a, 1]\n", '[config.bad_value] mofa.config.yaml:2:12: "hosts[1]": '],
  ["what is missing", YAML, "model: x\n", '[config.bad_value] mofa.config.yaml:1:1: "name": '],
  ["broken YAML", YAML, "name: a\nmodel: [a, b\nx: 1\n", "[config.syntax] mofa.config.yaml:3:"],
  ["a key twice", YAML, "name: a\nname: b\n", "[config.syntax] mofa.config.yaml:2:1: Map keys must be unique"],
  [
    "an alias bomb",
    YAML,
    `a: &a [x, x, x, x, x, x, x, x, x]\n${"bcdefgh"
      .split("")
      .map((key, index) => `${key}: &${key} [${Array(9).fill(`*${"abcdefgh"[index]}`).join(", ")}]`)
      .join("\n")}`,
    "[config.syntax] mofa.config.yaml: Excessive alias count",
  ],
  ["an alias to itself", YAML, "name: &a [*a]\n", "[config.syntax] mofa.config.yaml"],
  [
    "a key that reaches prototypes",
    YAML,
    "name: a\ngateway:\n  __proto__: { port: 1 }\n",
    '[config.syntax] mofa.config.yaml:3:3: "__proto__" cannot be a key',
  ],
  ["a list", YAML, "- name\n", "[config.not_object]"],
  ["10 MB", YAML, `name: ${"x".repeat(10_000_000)}`, "[config.too_large] mofa.config.yaml has 10000006 bytes"],
  ["depth without end", YAML, `name: ${"[".repeat(5000)}`, "[config.syntax] mofa.config.yaml:"],
  ["bytes that are no text", YAML, "name: \udc00", "accepted"],
  [
    "a wrong type in JSON",
    JSON_FILE,
    '{\n "name": "a",\n "gateway": { "port": "high" } }',
    '[config.bad_value] mofa.config.json:3:15: "gateway.port": ',
  ],
  [
    "a misspelt key in JSON",
    JSON_FILE,
    '{ "name": "a",\n  "steps": [ { "use": "x" }, { "ues": 1 } ] }',
    '[config.unknown_key] mofa.config.json:2:32: "steps[1].ues"',
  ],
  [
    "a comma too many",
    JSON_FILE,
    '{\n "name": "a",\n}',
    '[config.syntax] mofa.config.json:3:1: here must be a key in "quotes"',
  ],
  ["no value", JSON_FILE, '{ "name": }', "[config.syntax] mofa.config.json:1:11: here must be a value"],
  [
    "a key twice in JSON",
    JSON_FILE,
    '{ "name": "a", "name": "b" }',
    '[config.syntax] mofa.config.json:1:16: the key "name" is there twice',
  ],
  ["JSON that ends", JSON_FILE, '{ "name": "a"', '[config.syntax] mofa.config.json:1:14: here must be "," or "}"'],
  ["more after JSON", JSON_FILE, "{} {}", "[config.syntax] mofa.config.json:1:4: nothing more may stand here"],
  [
    "a new line in a JSON text",
    JSON_FILE,
    '{ "name": "a\n" }',
    "[config.syntax] mofa.config.json:1:11: this text holds a control character",
  ],
  ["depth in JSON", JSON_FILE, `{ "name": ${"[".repeat(50_000)}`, "[config.syntax] mofa.config.json:1:"],
  [
    "__proto__ in JSON",
    JSON_FILE,
    '{ "name": "a",\n "__proto__": { "model": "x" } }',
    '[config.syntax] mofa.config.json:2:2: "__proto__" cannot be a key',
  ],
  ["broken TOML", TOML, 'name = "a"\nport = = 1\n', "[config.syntax] mofa.config.toml:2:"],
  [
    "a wrong type in TOML",
    TOML,
    '# first\nname = "a"\nhosts = [\n  "a",\n  "b",\n]\n\n[gateway]\nhost = "x"\nport = "high"\n',
    '[config.bad_value] mofa.config.toml:10:1: "gateway.port": ',
  ],
  [
    "a misspelt key in a TOML list",
    TOML,
    'name = "a"\n[[steps]]\nuse = "x"\n[[steps]]\nues = "y"\n',
    '[config.unknown_key] mofa.config.toml:5:1: "steps[1].ues"',
  ],
  [
    "a wrong value in a script",
    "mofa.config.mjs",
    "export default { name: 1 };",
    '[config.bad_value] mofa.config.mjs: "name": ',
  ],
  [
    "a script that throws",
    "mofa.config.mjs",
    'export default () => { throw new Error("no luck"); };',
    "[config.script_failed] mofa.config.mjs could not be run: no luck",
  ],
  [
    "a script without a default export",
    "mofa.config.mjs",
    "export const a = 1;",
    "[config.no_default_export] mofa.config.mjs",
  ],
  ["a script that gives no object", "mofa.config.mjs", 'export default "desk";', "[config.not_object] mofa.config.mjs"],
  [
    "a variable that is not set",
    YAML,
    "name: a\nmodel: x-${NO_SUCH}\n",
    "[config.no_variable] mofa.config.yaml:2:1: the environment has no NO_SUCH. Set it, or write ${NO_SUCH:-a default}.",
  ],
])("%s is refused with its place", async (_name, file, text, said) => {
  await using project = await configFolder({ [file]: text });
  expect(await project.refusal(schema)).toContain(said);
});

test("an empty file is an empty config", async () => {
  await using project = await configFolder({ "mofa.config.yaml": "# nothing yet\n" });
  expect((await project.load(z.strictObject({ a: z.int().default(1) }))).value).toEqual({ a: 1 });
});

test("text that is not UTF-8 is refused", async () => {
  await using project = await configFolder({});
  await writeFile(join(project.folder, YAML), Buffer.from([0x6e, 0x3a, 0x20, 0xff, 0xfe]));
  expect(await project.refusal(schema)).toContain("[config.unreadable] mofa.config.yaml cannot be read");
});

test("the environment fills in variables, and defaults stand in for those that are missing or empty", async () => {
  await using project = await configFolder({
    [YAML]: "name: ${A}-${B:-b}\nmodel: ${EMPTY:-small}\nseed: { x: '${EMPTY}', y: 'keep ${lower} and $A' }\n",
  });
  const { value } = await project.load(schema, { A: "a", EMPTY: "" });
  expect(value).toMatchObject({ name: "a-b", model: "small", seed: { x: "", y: "keep ${lower} and $A" } });
});

test("the environment overrides by path, whatever the case, with values of the kind that stands there", async () => {
  await using project = await configFolder({ [YAML]: "name: desk\nseed: { Orders: a }\n" });
  const { value } = await project.load(schema, {
    MOFA__NAME: "12",
    MOFA__GATEWAY__PORT: "0",
    MOFA__INBOX__MAXBYTES: "5",
    MOFA__inbox__watch: "true",
    MOFA__HOSTS: '["a","b"]',
    MOFA__SEED__ORDERS: "b",
    MOFA__SEED__NEW: "${NOT_EXPANDED}",
    MOFA_DEBUG: "1",
  });
  expect(value).toEqual({
    name: "12",
    model: "small",
    seed: { Orders: "b", new: "${NOT_EXPANDED}" },
    hosts: ["a", "b"],
    gateway: { host: "127.0.0.1", port: 0 },
    inbox: { maxBytes: 5, watch: true },
  });
});

test("a branch is overridden before its parts", async () => {
  await using project = await configFolder({ [YAML]: "name: desk\n" });
  const { value } = await project.load(schema, { MOFA__GATEWAY__PORT: "5", MOFA__GATEWAY: '{"host":"::1","port":6}' });
  expect(value.gateway).toEqual({ host: "::1", port: 5 });
});

test.each([
  [
    "a key that is not known",
    { MOFA__GATEWAY__PROT: "1" },
    '[config.unknown_override] The environment variable MOFA__GATEWAY__PROT means "gateway.prot", which is no known key. Did you mean "port"? Known there: host, port.',
  ],
  [
    "a key below a value",
    { MOFA__NAME__FIRST: "1" },
    '[config.unknown_override] The environment variable MOFA__NAME__FIRST means "name.first"',
  ],
  ["no key", { MOFA__: "1" }, "[config.unknown_override]"],
  ["a prototype", { MOFA__SEED____PROTO__: "1" }, "[config.unknown_override]"],
  [
    "what is no JSON",
    { MOFA__GATEWAY__PORT: "high" },
    "[config.bad_override] The environment variable MOFA__GATEWAY__PORT must be JSON",
  ],
  [
    "a value that the schema refuses",
    { MOFA__GATEWAY__PORT: "70000" },
    '[config.bad_value] MOFA__GATEWAY__PORT: "gateway.port": ',
  ],
  ["a misspelt key in JSON", { MOFA__GATEWAY: '{"prot":1}' }, '[config.unknown_key] MOFA__GATEWAY: "gateway.prot"'],
])("an override with %s is refused by name", async (_name, env, said) => {
  await using project = await configFolder({ [YAML]: "name: desk\n" });
  expect(await project.refusal(schema, env)).toContain(said);
});

test("every value has an origin, and the chain of what it stands over", async () => {
  await using project = await configFolder({
    [YAML]: "name: desk\nmodel: ${MODEL:-big}\ngateway:\n  port: 80\nseed: { orders: '${FILE}' }\n",
  });
  const config = await project.load(schema, { FILE: "o.json", MOFA__GATEWAY__PORT: "81" });
  expect(
    config
      .entries()
      .map(({ path, value, origins }) => `${path}=${value} ${origins.map(({ says }) => says).join(" > ")}`),
  ).toEqual([
    "name=desk mofa.config.yaml:1:1",
    "model=big mofa.config.yaml:2:1 > default",
    "seed.orders=o.json env FILE at mofa.config.yaml:5:9",
    "hosts= default",
    "gateway.host=127.0.0.1 default",
    "gateway.port=81 MOFA__GATEWAY__PORT > mofa.config.yaml:4:3 > default",
  ]);
  expect(config.origin("gateway.port")).toEqual({ from: "override", says: "MOFA__GATEWAY__PORT", written: "81" });
  expect(config.explain("model").origins.map(({ from, written }) => [from, written])).toEqual([
    ["file", "${MODEL:-big}"],
    ["default", "small"],
  ]);
  expect(config.explain("inbox.maxBytes")).toEqual({
    path: "inbox.maxBytes",
    value: undefined,
    origins: [{ from: "default", says: "default", written: 10 }],
  });
  expect(config.origin("inbox.watch")).toBeUndefined();
  expect(() => config.explain("gateway.prot")).toThrow(
    'The config has no "gateway.prot". Did you mean "port"? Known: gateway.host, gateway.port.',
  );
});

test("JSON Schema describes a config as well", async () => {
  await using project = await configFolder({ [YAML]: "port: 1\n" });
  const plain = { type: "object", properties: { port: { type: "integer" } }, additionalProperties: false } as const;
  expect((await project.load(plain, { MOFA__PORT: "7" })).value).toEqual({ port: 7 });
  await using wrong = await configFolder({ [YAML]: "prt: 1\n" });
  expect(await wrong.refusal(plain)).toContain('mofa.config.yaml:1:1: "prt" is no known key. Did you mean "port"?');
});

test("a script may hold what JSON cannot say", async () => {
  await using project = await configFolder({
    "mofa.config.mjs": "export default { plugins: [{ setup() { return 7; } }] };",
  });
  const open = z.strictObject({
    plugins: z.array(z.custom<{ setup(): number }>((value) => typeof value === "object")),
  });
  expect((await project.load(open)).value.plugins[0]?.setup()).toBe(7);
});
