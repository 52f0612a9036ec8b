import { expect, test } from "vitest";
import { caught } from "../../../test/caught.ts";
import { plugin, type Setup, tool } from "../../../test/plugins.ts";
import { createKernel } from "../kernel.ts";
import type { Permit } from "./permission.ts";

/** Plugins may do what their list says: `use store`, `wrap *`. */
const grants =
  (lists: Record<string, readonly string[]>): Permit =>
  (name, what, kind) =>
    lists[name]?.includes(`${what} ${kind}`) ?? true;
const refused = (what: string) => ({ code: "plugin.not_granted", data: { name: "p", what } });

test.each<[string, Setup]>([
  ["provide tool", (ctx) => void ctx.provide("tool", tool("t"))],
  ["use store", (ctx) => void ctx.find("store")],
  ["use model", (ctx) => void ctx.list("model")],
  ["use agent", (ctx) => void ctx.get("agent", "ann")],
  ["wrap model", (ctx) => ctx.wrap((step, next) => next(step), { kinds: ["model"] })],
  ["wrap *", (ctx) => ctx.wrap((step, next) => next(step))],
  ["watch agent", (ctx) => void ctx.watch({ kind: "agent" }, () => {})],
  ["watch *", (ctx) => void ctx.watch({}, () => {})],
])("a plugin may not %s unless it was granted that", async (what, setup) => {
  const make = (list: readonly string[]) =>
    createKernel({ plugins: [plugin("p", setup)], permit: grants({ p: list }) });
  expect(await caught(make([]))).toMatchObject({ code: "plugin.setup_failed", cause: refused(what) });
  const granted = (await caught(make([what]))) as { cause?: { code: string }; end?(): Promise<void> };
  // The agent that it may ask for is not there.
  expect(granted.cause?.code).toBe(what === "use agent" ? "registry.not_found" : undefined);
  await granted.end?.();
});

test("what its actions and receivers look up is asked about too, down to what they call", async () => {
  const reach = tool("reach", (_, call) => call.find("store")?.name ?? "none");
  const inner = tool("inner", (_, call) => call.list("store").length);
  const outer = tool("outer", (_, call) => call.invoke(inner, {}));
  const heard: unknown[] = [];
  const setup: Setup = (ctx) => {
    ctx.provide("tool", reach);
    ctx.provide("tool", outer);
    ctx.receive("topic:x", (_, call) => {
      try {
        call.get("store", "s");
      } catch (error) {
        heard.push(error);
      }
    });
  };
  const list = ["provide tool", "use tool"];
  await using kernel = await createKernel({ plugins: [plugin("p", setup)], permit: grants({ p: list }) });
  expect(await caught(kernel.invoke(reach, {}))).toMatchObject(refused("use store"));
  expect(await caught(kernel.invoke(outer, {}))).toMatchObject(refused("use store"));
  await kernel.request({ to: "topic:x", type: "x" }).catch(() => {});
  expect(heard).toMatchObject([refused("use store")]);
  // What the host calls by itself is nobody's.
  expect(await kernel.invoke(inner, {})).toBe(0);
});

test("an action that a plugin makes up on the way acts for the plugin", async () => {
  let look!: () => Promise<unknown>;
  const setup: Setup = (ctx) => {
    look = () =>
      ctx.invoke(
        tool("made up", (_, call) => call.find("store")),
        {},
      );
  };
  await using _ = await createKernel({ plugins: [plugin("p", setup)], permit: grants({ p: [] }) });
  expect(await caught(look())).toMatchObject(refused("use store"));
});

test("a version that may not bring what it brings changes nothing", async () => {
  const version = (text: string, kind: "tool" | "agent") =>
    plugin("p", (ctx) => void ctx.provide(kind, { ...tool("t"), kind } as never), { version: text });
  const permit = grants({ p: ["provide tool"] });
  await using kernel = await createKernel({ plugins: [version("1.0.0", "tool")], permit });
  expect(await caught(kernel.replace(version("2.0.0", "agent")))).toMatchObject({ cause: refused("provide agent") });
  expect([kernel.plugins()[0]?.version, kernel.list("agent")]).toEqual(["1.0.0", []]);
});
