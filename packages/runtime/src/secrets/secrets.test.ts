import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";
import { configFolder } from "../../test/config-folder.ts";
import { secret } from "./secret.ts";
import { looksSecret } from "./secret-variables.ts";

const schema = z.strictObject({
  name: z.string().optional(),
  key: secret().min(8).optional(),
  gateway: z.strictObject({ token: secret().nullable().default(null) }).prefault({}),
  keys: z.array(secret()).optional(),
  accounts: z.record(z.string(), z.strictObject({ password: secret() })).optional(),
  allowPlainSecrets: z.boolean().default(false),
});
const YAML = "mofa.config.yaml";

test("secrets are named in the config, found when it is loaded, and hidden from then on", async () => {
  await using project = await configFolder({
    [YAML]:
      "key: env:THE_KEY\ngateway: { token: 'file:token.txt' }\nkeys: ['env:A', 'env:B']\naccounts: { ann: { password: 'env:ANN' } }\n",
    "token.txt": "token from a file\r\n",
  });
  const env = { THE_KEY: "hunter22", A: "first one", B: "second one", ANN: "of ann" };
  const { value, secrets } = await project.load(schema, env);
  expect(value).toMatchObject({
    key: "hunter22",
    gateway: { token: "token from a file" },
    keys: ["first one", "second one"],
    accounts: { ann: { password: "of ann" } },
  });
  expect(secrets.redact(["hunter22", "token from a file", "second one", "of ann"])).toEqual([
    "[secret key]",
    "[secret gateway.token]",
    "[secret keys[1]]",
    "[secret accounts.ann.password]",
  ]);
});

test("an explanation shows where a secret comes from, never what it is", async () => {
  await using project = await configFolder({ [YAML]: "key: env:THE_KEY\ngateway: { token: '${PART}-and-more' }\n" });
  const env = { THE_KEY: "hunter22", PART: "half-of-it", MOFA__KEYS: '["plain one","env:THE_KEY"]' };
  const config = await project.load(schema, env);
  expect(config.explain("key")).toEqual({
    path: "key",
    value: "[secret key]",
    origins: [{ from: "secret", says: "secret env:THE_KEY at mofa.config.yaml:1:1", written: "env:THE_KEY" }],
  });
  expect(config.origin("gateway.token")?.says).toBe("env PART at mofa.config.yaml:2:12");
  expect(config.origin("keys")?.says).toBe("MOFA__KEYS");
  expect(config.value.keys).toEqual(["plain one", "hunter22"]);
  expect(JSON.stringify(config.entries())).not.toMatch(/hunter22|half-of-it|plain one/u);
});

test.each([
  [
    "in plain",
    "gateway:\n  token: hunter22\n",
    {},
    '[config.plain_secret] mofa.config.yaml:2:3: "gateway.token" is a secret and must not stand here in plain. Write env:GATEWAY_TOKEN and set that variable, or file:PATH.',
  ],
  [
    "that no variable holds",
    "key: env:NO_SUCH\n",
    {},
    '[config.no_secret_variable] mofa.config.yaml:1:1: "key" is to come from the environment, which has no NO_SUCH. Set it.',
  ],
  ["that an empty variable holds", "key: env:EMPTY\n", { EMPTY: "" }, "[config.no_secret_variable]"],
  [
    "in a file that is not there",
    "key: file:none.txt\n",
    {},
    '[config.no_secret_file] mofa.config.yaml:1:1: "key" is to come from none.txt: ',
  ],
  [
    "in an empty file",
    "key: file:empty.txt\n",
    {},
    '"key" is to come from empty.txt: it is empty. Put the secret there',
  ],
  ["in a folder", "key: file:folder\n", {}, "[config.no_secret_file]"],
  [
    "too short to hide",
    "key: env:PIN\n",
    { PIN: "123" },
    '[secret.too_short] The secret "key" has fewer than 4 characters',
  ],
  [
    "that the schema finds too short",
    "key: env:PIN\n",
    { PIN: "1234567" },
    '[config.bad_value] mofa.config.yaml:1:1: "key": ',
  ],
])("a secret %s is refused", async (_name, text, env, said) => {
  await using project = await configFolder({ [YAML]: text, "empty.txt": "\n" });
  await mkdir(join(project.folder, "folder"));
  const refusal = await project.refusal(schema, env);
  expect(refusal).toContain(said);
  expect(refusal).not.toMatch(/hunter22|1234567/u);
});

test("a config may say that secrets stand in it in plain; they are hidden all the same", async () => {
  await using project = await configFolder({ [YAML]: "allowPlainSecrets: true\nkey: hunter22\n" });
  const config = await project.load(schema);
  expect([config.value.key, config.explain("key").value]).toEqual(["hunter22", "[secret key]"]);
  expect(config.origin("key")?.written).toBe("[secret key]");
});

test("one new line at the end of a file is no part of the secret, others are", async () => {
  await using project = await configFolder({ [YAML]: "key: file:key.txt\n" });
  await writeFile(join(project.folder, "key.txt"), " two lines\n\n");
  expect((await project.load(schema)).value.key).toBe(" two lines\n");
});

test("a JSON Schema marks a secret by its format", async () => {
  await using project = await configFolder({ [YAML]: "key: env:THE_KEY\n" });
  const plain = { type: "object", properties: { key: { type: "string", format: "secret" } } } as const;
  const { value, secrets } = await project.load(plain, { THE_KEY: "hunter22" });
  expect([value, secrets.redact("hunter22")]).toEqual([{ key: "hunter22" }, "[secret key]"]);
});

test("a variable whose name says that it is a secret is hidden wherever it is used", async () => {
  await using project = await configFolder({
    [YAML]: "name: https://x/?k=${MAPS_API_KEY}&n=${MAX_TOKENS}&d=${DEBUG_KEY}\n",
  });
  const env = {
    MAPS_API_KEY: "swordfish",
    MAX_TOKENS: "1000000",
    DEBUG_KEY: "true",
    UNUSED_TOKEN: "elsewhere",
    MOFA__NAME: "",
  };
  const { MOFA__NAME: _, ...used } = env;
  const { value, secrets } = await project.load(schema, used);
  expect(value.name).toBe("https://x/?k=swordfish&n=1000000&d=true");
  expect(secrets.redact("swordfish 1000000 true elsewhere")).toBe("[secret MAPS_API_KEY] 1000000 true elsewhere");
});

test("names that say secret are told from names that only sound so", () => {
  const names = [
    "OPENAI_API_KEY",
    "KEY",
    "GITHUB_TOKEN",
    "DB_PASSWORD",
    "AWS_SECRET_ACCESS_KEY",
    "MAX_TOKENS",
    "KEYBOARD",
    "MONKEY",
    "SECRETARY",
  ];
  expect(names.map(looksSecret)).toEqual([true, true, true, true, true, false, false, false, false]);
});
