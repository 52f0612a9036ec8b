import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { seededRandom } from "@mofa/kernel/testing";
import { expect, test } from "vitest";
import { digestOf, digestOfFiles } from "./digest.ts";
import { manifestJsonSchema, parseManifest } from "./manifest.ts";
import { createSigningKeys, signPlugin, toPublicKey, verifyPlugin, writeDigest } from "./signature.ts";

const right = { name: "weather", version: "1.0.0", main: "src/main.ts" };

test("a manifest says what it leaves out", () => {
  expect(parseManifest("m.json", JSON.stringify(right))).toEqual({ ...right, needs: [], permissions: [] });
});

test.each([
  ["no JSON", '{\n  "name": }', "manifest.syntax", "m.json:2:11: "],
  ["another kind of JSON", "[]", "manifest.bad_value", "m.json:1:1: "],
  ["an unknown key", JSON.stringify({ ...right, nam: "x" }, undefined, 1), "manifest.unknown_key", 'm.json:5:2: "nam"'],
  ["a missing version", '{ "name": "weather", "main": "main.ts" }', "manifest.bad_value", 'm.json:1:1: "version"'],
  [
    "a version that is none",
    JSON.stringify({ ...right, version: "1.0" }, undefined, 1),
    "manifest.bad_value",
    'm.json:3:2: "version"',
  ],
  [
    "a wrong type",
    JSON.stringify({ ...right, needs: "store" }, undefined, 1),
    "manifest.bad_value",
    'm.json:5:2: "needs"',
  ],
  ["a main above the folder", JSON.stringify({ ...right, main: "../main.ts" }), "manifest.bad_value", '"main"'],
  [
    "a main that goes up and down",
    JSON.stringify({ ...right, main: "src/../../main.ts" }),
    "manifest.bad_value",
    '"main"',
  ],
  ["an absolute main", JSON.stringify({ ...right, main: "/etc/main.ts" }), "manifest.bad_value", '"main"'],
  ["a main with backslashes", JSON.stringify({ ...right, main: "..\\main.ts" }), "manifest.bad_value", '"main"'],
  ["a main that is no module", JSON.stringify({ ...right, main: "main.sh" }), "manifest.bad_value", '"main"'],
  [
    "a permission that is none",
    JSON.stringify({ ...right, permissions: ["use:*", "eat:tool"] }),
    "manifest.bad_value",
    '"permissions.1"',
  ],
  ["a digest of another kind", JSON.stringify({ ...right, digest: "md5-x" }), "manifest.bad_value", '"digest"'],
  [
    "a signature without a digest",
    JSON.stringify({ ...right, signature: { key: "a", value: "aaaa" } }),
    "manifest.bad_value",
    "missing beside a signature",
  ],
  [
    "an unknown key in the signature",
    JSON.stringify({ ...right, signature: { key: "a", value: "aaaa", x: 1 } }),
    "manifest.unknown_key",
    '"signature.x"',
  ],
])("a manifest with %s is refused with its place", (_name, text, code, said) => {
  const given = () => parseManifest("m.json", text);
  expect(given).toThrow(expect.objectContaining({ code, message: expect.stringContaining(said) }));
});

test("the published schema is the one that is checked", async () => {
  const file = new URL("../../schema/mofa.plugin.schema.json", import.meta.url);
  expect(JSON.parse(await readFile(file, "utf8"))).toEqual(JSON.parse(JSON.stringify(manifestJsonSchema())));
});

const bytes = (text: string) => new TextEncoder().encode(text);

test("a digest does not depend on the order of files or keys, nor on what is signed", () => {
  const manifest = bytes(JSON.stringify(right));
  const other = bytes(
    JSON.stringify(
      { signature: { key: "a" }, main: right.main, digest: "x", version: "1.0.0", name: "weather" },
      undefined,
      2,
    ),
  );
  const one = digestOfFiles(
    new Map([
      ["mofa.plugin.json", manifest],
      ["a.ts", bytes("a")],
    ]),
  );
  expect(one).toBe(
    digestOfFiles(
      new Map([
        ["a.ts", bytes("a")],
        ["mofa.plugin.json", other],
      ]),
    ),
  );
  expect(one).toMatch(/^sha256-[\w+/]{43}=$/u);
});

test("any change of any file changes the digest", () => {
  const seed = Math.trunc(performance.now() * 1000);
  const random = seededRandom(seed);
  const below = (most: number) => Math.floor(random() * most);
  const text = () => bytes(Array.from({ length: below(6) }, () => "ab\0\n01"[below(6)]).join(""));
  const seen = new Map<string, string>();
  for (let round = 0; round < 2_000; round++) {
    const files = new Map(
      Array.from({ length: 1 + below(3) }, () => [["a", "b", "ab", "a/b"][below(4)] as string, text()] as const),
    );
    const is = JSON.stringify([...files].map(([path, each]) => [path, [...each]]).sort());
    const digest = digestOfFiles(files);
    expect(seen.get(digest) ?? is, `seed ${seed}`).toBe(is);
    seen.set(digest, is);
  }
  expect(seen.size).toBeGreaterThan(500);
});

async function pluginOnDisk() {
  const folder = await mkdtemp(join(tmpdir(), "mofa-plugin-"));
  await writeFile(join(folder, "main.ts"), "export const plugin = 1;");
  await writeFile(join(folder, "mofa.plugin.json"), JSON.stringify({ ...right, main: "main.ts" }));
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

test("a signature holds for this name, version and digest, under each form of the key", async () => {
  await using _ = await pluginOnDisk();
  const { privateKey, publicKey } = createSigningKeys();
  const signed = await signPlugin(_.folder, { key: "ours", privateKey });
  const raw = Buffer.from(publicKey, "base64").subarray(-32).toString("base64");
  const pem = toPublicKey("ours", publicKey).export({ type: "spki", format: "pem" }) as string;
  for (const key of [publicKey, raw, pem]) {
    expect(await verifyPlugin(_.folder, { required: true, keys: { ours: key } })).toEqual(signed);
  }
  expect(await digestOf(_.folder)).toBe(signed.digest);
  expect(await verifyPlugin(_.folder)).toEqual({ ...signed, signedBy: undefined });

  const file = join(_.folder, "mofa.plugin.json");
  const manifest = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
  await writeFile(file, JSON.stringify({ ...manifest, version: "9.0.0" }));
  const trust = { keys: { ours: publicKey } };
  await expect(verifyPlugin(_.folder, trust)).rejects.toMatchObject({ code: "plugin.tampered" });
  // A digest of one's own does not help: the version was signed.
  await writeFile(file, JSON.stringify({ ...manifest, version: "9.0.0", digest: await digestOf(_.folder) }));
  await expect(verifyPlugin(_.folder, trust)).rejects.toMatchObject({ code: "plugin.bad_signature" });
});

test("a new digest takes out a signature that was made for another", async () => {
  await using _ = await pluginOnDisk();
  const { privateKey, publicKey } = createSigningKeys();
  await signPlugin(_.folder, { key: "ours", privateKey });
  await writeFile(join(_.folder, "main.ts"), "export const plugin = 2;");
  await writeDigest(_.folder);
  const trust = { required: true, keys: { ours: publicKey } };
  await expect(verifyPlugin(_.folder, trust)).rejects.toMatchObject({ code: "plugin.unsigned" });
});

test.each([
  ["no key", "-----BEGIN NONSENSE-----"],
  ["a key of another kind", "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEAAAA"],
  ["nothing", ""],
])("%s is not taken for a private key", async (_name, privateKey) => {
  await using _ = await pluginOnDisk();
  await expect(signPlugin(_.folder, { key: "ours", privateKey })).rejects.toMatchObject({ code: "plugin.bad_key" });
});

test("a folder without a manifest is named", async () => {
  await using _ = await pluginOnDisk();
  await rm(join(_.folder, "mofa.plugin.json"));
  await expect(digestOf(_.folder)).rejects.toMatchObject({ code: "manifest.not_found", data: { folder: _.folder } });
});
