import { expect, test } from "vitest";
import type { Plugin } from "../../plugin.ts";
import { testKernel } from "../../testing/index.ts";

const never = new Promise<never>(() => {});
const brings = (name: string, version = "1.0.0"): Plugin => ({
  name,
  version,
  setup: (ctx) => void ctx.provide("tool", { kind: "tool", name, run: () => version }),
});
const hangs = (name: string, version = "1.0.0"): Plugin => ({ name, version, setup: () => never });
const caught = (work: Promise<unknown>) => work.catch((error: unknown) => error);

test("a set-up that hangs is given up after its time, and changes that waited behind it are made", async () => {
  await using kernel = await testKernel();
  const hung = caught(kernel.plug({ ...hangs("hung"), setupTimeout: 500 }));
  const next = kernel.plug(brings("next"));
  await kernel.clock.advance(499);
  expect(kernel.plugins().at(-1)).toMatchObject({ name: "hung", status: "starting" });
  await kernel.clock.advance(1);
  expect(await hung).toMatchObject({ code: "plugin.setup_failed", cause: { code: "plugin.too_slow" } });
  expect((await next).status).toBe("active");
  expect(kernel.plugins().map(({ name }) => name)).not.toContain("hung");
  const slow = caught(kernel.plug(hangs("hung")));
  await kernel.clock.advance(60_000);
  expect(await slow).toMatchObject({ cause: { data: { ms: 60_000 } } });
});

test("what a given-up set-up brings later is nobody's", async () => {
  await using kernel = await testKernel();
  let go: () => void = () => {};
  const late = caught(
    kernel.plug({
      name: "late",
      version: "1.0.0",
      setupTimeout: 10,
      async setup(ctx) {
        await new Promise<void>((resolve) => {
          go = resolve;
        });
        ctx.provide("tool", { kind: "tool", name: "late", run: () => 1 });
      },
    }),
  );
  await kernel.clock.advance(10);
  expect(await late).toMatchObject({ code: "plugin.setup_failed" });
  go();
  await new Promise((resolve) => setImmediate(resolve));
  expect(kernel.find("tool", "late")).toBeUndefined();
});

test("while a new version hangs in its set-up or restore the old one serves, and goes on afterwards", async () => {
  const held: Plugin = {
    ...brings("p"),
    setup: (ctx) => {
      void brings("p").setup(ctx);
      return { snapshot: () => 1 };
    },
  };
  await using kernel = await testKernel(held);
  const restoring = { ...brings("p", "2.0.0"), setup: () => ({ restore: () => never }) };
  for (const version of [hangs("p", "2.0.0"), restoring]) {
    const replaced = caught(kernel.replace(version));
    await kernel.clock.advance(59_999);
    expect(await kernel.invoke(kernel.get("tool", "p"), {})).toBe("1.0.0");
    await kernel.clock.advance(1);
    expect(await replaced).toMatchObject({ code: "plugin.setup_failed", cause: { code: "plugin.too_slow" } });
    expect(await kernel.invoke(kernel.get("tool", "p"), {})).toBe("1.0.0");
  }
});

test("a kernel ends while a set-up hangs, and whoever waits for it hears why", async () => {
  const kernel = await testKernel(brings("other"));
  const hung = caught(kernel.plug(hangs("hung")));
  const behind = caught(kernel.plug(hangs("behind")));
  // What users own ends before the plugins: it may wait for what it has asked of them.
  kernel.own(async () => void (await hung));
  await Promise.resolve();
  await kernel.end();
  expect(await behind).toMatchObject({ code: "kernel.closed" });
  expect(await hung).toMatchObject({ code: "plugin.setup_failed", cause: { code: "kernel.closed" } });
});

test("a plugin whose end hangs is waited for so long and no longer, when it is taken away and at the end", async () => {
  const holds: Plugin = { ...brings("holds"), setup: (ctx) => void ctx.own(() => never) };
  const kernel = await testKernel(holds, { ...holds, name: "too" });
  const gone = caught(kernel.unplug("holds"));
  await kernel.clock.advance(30_000);
  expect(await gone).toMatchObject({ code: "plugin.not_ended", data: { name: "holds", ms: 30_000 } });
  expect(kernel.plugins().map(({ name }) => name)).not.toContain("holds");
  const ended = caught(kernel.end());
  await kernel.clock.advance(30_000);
  expect(await ended).toMatchObject({ cause: { cause: { code: "plugin.not_ended", data: { name: "too" } } } });
});

test("an agent whose start hangs keeps nobody waiting past the end of the kernel", async () => {
  const kernel = await testKernel();
  kernel.provide("agent", { kind: "agent", name: "ann", start: () => never, run: () => 1 });
  const started = caught(kernel.started());
  const ended = kernel.end();
  expect(await started).toMatchObject({ code: "kernel.closed" });
  await kernel.clock.advance(5_000);
  await ended;
  expect(await caught(kernel.started())).toMatchObject({ code: "kernel.closed" });
});
