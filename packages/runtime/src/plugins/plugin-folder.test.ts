import { mkdir, mkdtemp, realpath, rename, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { type Event, systemClock, type Tool } from "@mofa/kernel";
import { createKernel } from "@mofa/kernel/host";
import { testKernel } from "@mofa/kernel/testing";
import { expect, test } from "vitest";
import { createPermits } from "./permits.ts";
import { type PluginFolderOptions, pluginFolder } from "./plugin-folder.ts";
import { createSigningKeys, signPlugin, writeDigest } from "./signature.ts";

/** A folder of plugins on disk, and a kernel that follows it. */
async function world(files: Readonly<Record<string, string>>, options: Partial<PluginFolderOptions> = {}) {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "mofa-plugins-")));
  const write = async (path: string, text: string) => {
    await mkdir(dirname(join(folder, path)), { recursive: true });
    await writeFile(join(folder, path), text);
  };
  for (const [path, text] of Object.entries(files)) await write(path, text);
  const kernel = await testKernel();
  const before = new Set([...kernel.plugins().map(({ name }) => name), "plugin-folder"]);
  const told: string[] = [];
  const unwatch = kernel.watch({ type: "file.changed" }, (event) => {
    const { path, status } = event as Event & { type: "file.changed" };
    told.push(`${status} ${path.slice(folder.length + 1)}`);
  });
  const plugins = await pluginFolder(kernel, { folder, ...options });
  const tool = (name: string) => kernel.find("tool", name) as Tool | undefined;
  const call = async (name = "weather") => kernel.invoke(kernel.get("tool", name), {});
  return {
    folder,
    kernel,
    plugins,
    told,
    tool,
    call,
    write,
    look: () => plugins.look(),
    of: (path: string) => plugins.list().find((each) => each.path === join(folder, path)),
    versions: () => kernel.plugins().flatMap(({ name, version }) => (before.has(name) ? [] : [`${name} ${version}`])),
    async [Symbol.asyncDispose]() {
      unwatch();
      await kernel.end();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

const weather = (sky: string, version = "1.0.0") => `
import { definePlugin, type PluginContext } from "@mofa/kernel";
export const plugin = definePlugin({
  name: "weather",
  version: "${version}",
  setup(ctx: PluginContext) {
    ctx.provide("tool", { kind: "tool", name: "weather", description: "", input: { type: "object" }, run: () => "${sky}" });
  },
});`;

const manifest = (more: Readonly<Record<string, unknown>> = {}) =>
  JSON.stringify({ name: "weather", version: "1.0.0", main: "main.ts", ...more });

const packed = { "weather/main.ts": weather("clear"), "weather/mofa.plugin.json": manifest() };

test("a file brings its plugin, a changed one replaces it, a removed one takes it along", async () => {
  await using _ = await world({ "weather.ts": weather("clear") });
  expect(await _.call()).toBe("clear");
  await _.write("weather.ts", weather("rain", "1.1.0"));
  await _.look();
  expect([await _.call(), _.versions()]).toEqual(["rain", ["weather 1.1.0"]]);
  await rm(join(_.folder, "weather.ts"));
  await _.look();
  expect([_.tool("weather"), _.plugins.list()]).toEqual([undefined, []]);
  expect(_.told).toEqual(["loaded weather.ts", "loaded weather.ts", "removed weather.ts"]);
});

test.each([
  ["a syntax error", "export const plugin = {", "module.syntax"],
  [
    "a set-up that fails",
    weather("x").replace("ctx.provide", 'throw new Error("no key"); ctx.provide'),
    "plugin.setup_failed",
  ],
  ["a module that throws", 'throw new Error("no")', "module.threw"],
  ["a factory that throws", 'export const plugin = () => { throw new Error("no") }', "module.threw"],
  ["no plugin", "export const plug = 1", "module.wrong_export"],
  ["a plugin without set-up", 'export const plugin = { name: "weather", version: "1.0.0" }', "module.wrong_export"],
  ["nothing at all", "", "module.wrong_export"],
])("%s leaves the version before it serving, and says why", async (_name, text, code) => {
  await using _ = await world({
    "weather.ts": weather("clear"),
    "other.js": 'export const plugin = { name: "other", version: "1.0.0", setup() {} }',
  });
  await _.write("weather.ts", text);
  await _.look();
  expect(await _.call()).toBe("clear");
  expect(_.of("weather.ts")).toMatchObject({ status: "failed", code, name: "weather", version: "1.0.0" });
  expect(_.told.at(-1)).toBe("failed weather.ts");
  expect(_.kernel.logged.at(-1)?.message).toContain("weather.ts was not loaded; the version before it stays: ");
  await _.write("weather.ts", weather("mended"));
  await _.look();
  expect([await _.call(), _.of("weather.ts")?.status]).toEqual(["mended", "loaded"]);
});

test("a plugin that is wrong from the start stops no other", async () => {
  await using _ = await world({ "broken.ts": "let = 1", "weather.ts": weather("clear") });
  expect([await _.call(), _.of("broken.ts")?.code]).toEqual(["clear", "module.syntax"]);
});

test("the same content is not loaded again, and going back to it after a failure says so", async () => {
  await using _ = await world({ "weather.ts": weather("clear") });
  const before = _.tool("weather");
  await _.write("weather.ts", weather("clear"));
  await _.look();
  await _.write("weather.ts", "broken(");
  await _.look();
  await _.write("weather.ts", weather("clear"));
  await _.look();
  expect(_.tool("weather")).toBe(before);
  expect(_.told).toEqual(["loaded weather.ts", "failed weather.ts", "loaded weather.ts"]);
});

test("a file that a plugin imports replaces that plugin, and no other", async () => {
  const importing = (name: string) => `
    import { sky } from "./lib/sky.ts";
    export const plugin = { name: "${name}", version: "1.0.0", setup(ctx) {
      ctx.provide("tool", { kind: "tool", name: "${name}", description: "", input: {}, run: () => sky });
    } };`;
  await using _ = await world({
    "a.js": importing("a"),
    "weather.ts": weather("clear"),
    "lib/sky.ts": "export const sky: string = 'blue';",
    "_helper.ts": "export {}",
  });
  const other = _.tool("weather");
  expect(await _.call("a")).toBe("blue");
  await _.write("lib/sky.ts", "export const sky: string = 'grey';");
  await _.look();
  expect([await _.call("a"), _.tool("weather")]).toEqual(["grey", other]);
  expect(_.told).toEqual(["loaded a.js", "loaded weather.ts", "loaded a.js"]);
});

test("calls in flight finish on the version they began with", async () => {
  const slow = weather("old").replace('() => "old"', 'async () => { await globalThis.hotGate; return "old"; }');
  const gate = Promise.withResolvers<void>();
  const space = globalThis as { hotGate?: Promise<void> | undefined };
  space.hotGate = gate.promise;
  await using _ = await world({ "weather.ts": slow });
  const old = _.call();
  await _.write("weather.ts", weather("new", "1.1.0"));
  const looked = _.look();
  await expect.poll(() => _.versions(), { interval: 1 }).toEqual(["weather 1.1.0"]);
  expect(await _.call()).toBe("new");
  gate.resolve();
  await looked;
  expect([await old, await _.call()]).toEqual(["old", "new"]);
  delete space.hotGate;
});

test("state is handed from version to version", async () => {
  const counter = (step: number) => `
    let count = 0;
    export const plugin = { name: "weather", version: "1.0.0", setup(ctx) {
      ctx.provide("tool", { kind: "tool", name: "weather", description: "", input: {}, run: () => (count += ${step}) });
      return { snapshot: () => count, restore: (kept) => { count = kept; } };
    } };`;
  await using _ = await world({ "weather.js": counter(1) });
  await _.call();
  await _.write("weather.js", counter(10));
  await _.look();
  expect(await _.call()).toBe(11);
});

test("a factory gets its options", async () => {
  const text = weather("clear")
    .replace("plugin = definePlugin({", "plugin = (options: { sky: string }) => ({")
    .replace('() => "clear"', "() => options.sky");
  await using _ = await world({ "weather.ts": text }, { options: { weather: { sky: "from options" } } });
  expect(await _.call()).toBe("from options");
});

test("a file that is renamed keeps its plugin in place", async () => {
  await using _ = await world({ "weather.ts": weather("clear") });
  await rename(join(_.folder, "weather.ts"), join(_.folder, "sky.ts"));
  await _.look();
  expect([await _.call(), _.versions(), _.plugins.list().length]).toEqual(["clear", ["weather 1.0.0"], 1]);
  await rm(join(_.folder, "sky.ts"));
  await _.look();
  expect([_.versions(), _.plugins.list()]).toEqual([[], []]);
});

test("a plugin that takes another name takes its old one back", async () => {
  await using _ = await world({ "weather.ts": weather("clear") });
  await _.write("weather.ts", weather("clear").replace('name: "weather",\n  version', 'name: "sky",\n  version'));
  await _.look();
  expect(_.versions()).toEqual(["sky 1.0.0"]);
});

test("a name belongs to one file", async () => {
  await using _ = await world({ "a.ts": weather("a"), "b.ts": weather("b") });
  expect([await _.call(), _.of("b.ts")?.code]).toEqual(["a", "folder.name_taken"]);
  expect(_.of("b.ts")?.reason).toContain(join(_.folder, "a.ts"));
});

test("hidden files, copies of editors, tests and types are no plugins", async () => {
  const names = [
    ".weather.ts",
    "weather.ts~",
    "weather.ts.swp",
    "#weather.ts#",
    "weather.test.ts",
    "weather.d.ts",
    "weather.ts.tmp",
    "notes.md",
    "4913",
  ];
  await using _ = await world(Object.fromEntries(names.map((name) => [name, "wrong("])));
  expect(_.plugins.list()).toEqual([]);
});

test("a module that does not finish loading is given up, and what it held up goes on", async () => {
  await using _ = await world({ "weather.ts": weather("clear") });
  await _.write("weather.ts", `await new Promise(() => {});\n${weather("never")}`);
  const looked = _.look();
  await expect.poll(() => _.kernel.clock.pending, { interval: 1 }).toBeGreaterThan(0);
  await _.kernel.clock.advance(10_000);
  await looked;
  expect([await _.call(), _.of("weather.ts")?.code]).toEqual(["clear", "module.too_slow"]);
});

test("closing the folder takes its plugins back and leaves the kernel as it was", async () => {
  await using _ = await world({ "weather.ts": weather("clear") });
  await _.plugins[Symbol.asyncDispose]();
  const left = _.kernel.plugins().map(({ name }) => name);
  expect([_.tool("weather"), left.includes("weather"), left.includes("plugin-folder")]).toEqual([
    undefined,
    false,
    false,
  ]);
  await _.write("weather.ts", weather("rain"));
  await _.look();
  expect(_.tool("weather")).toBeUndefined();
});

test("a folder that is not there is named", async () => {
  await using kernel = await testKernel();
  await expect(pluginFolder(kernel, { folder: "/no/such/folder" })).rejects.toMatchObject({ code: "folder.not_found" });
  expect(kernel.plugins().some(({ name }) => name === "plugin-folder")).toBe(false);
});

test("a folder that goes takes its plugins along, and brings them when it is back", async () => {
  await using _ = await world({ "weather.ts": weather("clear") });
  await rename(_.folder, `${_.folder}-away`);
  await _.look();
  expect(_.versions()).toEqual([]);
  await rename(`${_.folder}-away`, _.folder);
  await _.kernel.clock.advance(500);
  await expect.poll(() => _.versions(), { interval: 1 }).toEqual(["weather 1.0.0"]);
});

test("edits are noticed, and a burst of them is one change", async () => {
  const folder = await realpath(await mkdtemp(join(tmpdir(), "mofa-plugins-")));
  await writeFile(join(folder, "weather.ts"), weather("clear"));
  {
    await using kernel = await createKernel({ clock: systemClock });
    const told: string[] = [];
    const changed = Promise.withResolvers<void>();
    await pluginFolder(kernel, { folder });
    kernel.watch({ type: "file.changed" }, (event) => {
      told.push((event as Event & { type: "file.changed" }).status);
      changed.resolve();
    });
    for (let n = 0; n < 20; n++) await writeFile(join(folder, "weather.ts"), weather(`sky ${n}`));
    // As many editors do it: written beside, then renamed over the file.
    await writeFile(join(folder, ".weather.ts.tmp"), weather("last"));
    await rename(join(folder, ".weather.ts.tmp"), join(folder, "weather.ts"));
    await changed.promise;
    expect([await kernel.invoke(kernel.get("tool", "weather"), {}), told]).toEqual(["last", ["loaded"]]);
  }
  await rm(folder, { recursive: true });
});

test("a folder with a manifest is one plugin, with what the manifest needs", async () => {
  await using _ = await world({
    ...packed,
    "weather/mofa.plugin.json": manifest({ needs: ["tool:thermometer"], kind: "tool" }),
  });
  const status = () => _.kernel.plugins().find(({ name }) => name === "weather")?.status;
  expect(status()).toBe("waiting");
  const taken = _.kernel.provide("tool", {
    kind: "tool",
    name: "thermometer",
    description: "",
    input: {},
    run: () => 1,
  } as unknown as Tool);
  await expect.poll(status, { interval: 1 }).toBe("active");
  taken();
});

test.each([
  ["another name", manifest({ name: "sky" }), "manifest.differs"],
  ["another version", manifest({ version: "2.0.0" }), "manifest.differs"],
  ["a main that is not there", manifest({ main: "other.ts" }), "manifest.no_main"],
])("a manifest with %s is refused", async (_name, text, code) => {
  await using _ = await world({ ...packed, "weather/mofa.plugin.json": text });
  expect([_.tool("weather"), _.of("weather")?.code]).toEqual([undefined, code]);
});

test("files that are not those of the digest are not run", async () => {
  await using _ = await world(packed);
  await writeDigest(join(_.folder, "weather"));
  await _.look();
  expect(_.of("weather")).toMatchObject({ status: "loaded" });
  await _.write("weather/main.ts", weather("evil"));
  await _.look();
  expect([await _.call(), _.of("weather")?.code]).toEqual(["clear", "plugin.tampered"]);
  expect(_.of("weather")?.reason).toContain("the first file that differs from the version before is main.ts");
});

test("where signatures are required, only what a trusted key signed is run", async () => {
  const ours = createSigningKeys();
  const theirs = createSigningKeys();
  await using _ = await world(
    { ...packed, "alone.ts": weather("alone") },
    { trust: { required: true, keys: { ours: ours.publicKey } } },
  );
  const folder = join(_.folder, "weather");
  const code = async () => {
    await _.look();
    return _.of("weather")?.code;
  };
  expect([_.of("alone.ts")?.code, await code()]).toEqual(["plugin.unsigned", "plugin.unsigned"]);
  await signPlugin(folder, { key: "theirs", privateKey: theirs.privateKey });
  expect(await code()).toBe("plugin.unknown_key");
  await signPlugin(folder, { key: "ours", privateKey: theirs.privateKey });
  expect([await code(), _.tool("weather")]).toEqual(["plugin.bad_signature", undefined]);
  await signPlugin(folder, { key: "ours", privateKey: ours.privateKey });
  expect([await code(), await _.call(), _.of("weather")?.signedBy]).toEqual([undefined, "clear", "ours"]);
  await _.write("weather/extra.ts", "");
  expect([await code(), await _.call()]).toEqual(["plugin.tampered", "clear"]);
});

test("a trusted key that is none is refused before anything is loaded", async () => {
  await using kernel = await testKernel();
  const given = pluginFolder(kernel, { folder: tmpdir(), trust: { keys: { ours: "bm8=" } } });
  await expect(given).rejects.toMatchObject({ code: "plugin.bad_key" });
});

test("a link out of the folder, and packages inside of a plugin, are refused", async () => {
  await using _ = await world(packed);
  await symlink("/etc/hostname", join(_.folder, "weather", "secret.json"));
  await _.look();
  expect([await _.call(), _.of("weather")?.code]).toEqual(["clear", "folder.link_out"]);
  await rm(join(_.folder, "weather", "secret.json"));
  await symlink("/etc/hostname", join(_.folder, "alone.ts"));
  await _.look();
  expect([_.of("weather")?.status, _.of("alone.ts")?.code]).toEqual(["loaded", "folder.link_out"]);
  await _.write("weather/node_modules/x/index.js", "");
  await _.look();
  expect(_.of("weather")?.code).toBe("folder.has_packages");
});

test("permissions follow the manifest in place", async () => {
  const permits = createPermits();
  await using _ = await world(
    { ...packed, "weather/mofa.plugin.json": manifest({ permissions: ["provide:tool", "wrap:*"] }) },
    { permits },
  );
  const ask = () => [
    permits.permit("weather", "provide", "tool"),
    permits.permit("weather", "provide", "model"),
    permits.permit("weather", "wrap", "tool"),
    permits.permit("other", "use", "model"),
  ];
  expect(ask()).toEqual([true, false, true, true]);
  await _.write("weather/main.ts", "broken(");
  await _.write("weather/mofa.plugin.json", manifest({ permissions: ["provide:*"] }));
  await _.look();
  expect(ask()).toEqual([true, false, true, true]);
  await _.write("weather/main.ts", weather("new"));
  await _.look();
  expect(ask()).toEqual([true, true, false, true]);
});
