import { isMofaError, type Tool } from "@mofa/kernel";
import { createKernel } from "@mofa/kernel/host";
import { expect, test } from "vitest";
import { createWorld, pass, tool, turns } from "./world.ts";

const bring =
  (...tools: readonly Tool[]) =>
  (kernel: { provide(kind: "tool", tool: Tool): unknown }) => {
    for (const each of tools) kernel.provide("tool", each);
  };

/** Hears `count` signals of one name and gives their bodies. */
const listener = (name: string, count: number) =>
  tool("main", async (_, call) => {
    const heard: unknown[] = [];
    for (let n = 0; n < count; n++) heard.push((await call.hear(name))?.body);
    return heard;
  });

test("signals are heard in the order in which they were said, also those that came early, and each once", async () => {
  const world = createWorld();
  const late = tool("main", async (_, call) => {
    await call.sleep(1000);
    return [(await call.hear("paid"))?.body, (await call.hear("other"))?.body, (await call.hear("paid"))?.body];
  });
  await using life = await world.live({ bring: bring(late) });
  const run = await life.engine.start(late, {}, { id: "r" });
  const said = [
    await run.signal("paid", 1, { id: "one" }),
    await run.signal("paid", 1, { id: "one" }),
    await run.signal("paid", 2),
    await run.signal("other", "x"),
  ];
  await pass(world, 1500);
  expect([said, await run.result()]).toEqual([
    [true, false, true, true],
    [1, "x", 2],
  ]);
  await expect(run.signal("paid", 3)).rejects.toMatchObject({ code: "run.ended" });
});

test("two who wait for one name hear one signal each, in the order in which they began to wait", async () => {
  const main = tool("main", (_, call) =>
    Promise.all([call.hear("a"), call.hear("a")]).then((all) => all.map((one) => one?.body)),
  );
  await using life = await createWorld().live({ bring: bring(main) });
  const run = await life.engine.start(main, {});
  await turns();
  await run.signal("a", "first");
  await run.signal("a", "second");
  expect(await run.result()).toEqual(["first", "second"]);
});

test("a wait with a timeout gives nothing when its time is over, in the next life as well", async () => {
  const world = createWorld();
  const main = tool("main", async (_, call) => [
    (await call.hear("never", { timeout: 5000 })) ?? "nothing",
    await call.now(),
  ]);
  const began = world.clock.now();
  const first = await world.live({ bring: bring(main) });
  await first.engine.start(main, {}, { id: "r" });
  await pass(world, 1000);
  await first.kernel.end();
  await using second = await world.live({ bring: bring(main) });
  await pass(world, 6000);
  const [heard, at] = (await second.engine.open("r").result()) as [unknown, number];
  expect([heard, at >= began + 5000 && at < began + 6500]).toEqual(["nothing", true]);
});

test("a signal that came in another process is heard at the next look", async () => {
  const world = createWorld();
  const main = listener("go", 1);
  await using one = await world.live({ bring: bring(main) });
  await using two = await world.live({ bring: bring(main) });
  const run = await one.engine.start(main, {}, { id: "r" });
  await turns();
  await two.engine.open("r").signal("go", "from afar");
  await turns();
  expect(await run.status()).toBe("running");
  await pass(world, 500);
  expect(await run.result()).toEqual(["from afar"]);
});

test("messages of a topic are heard from the first wish on, each once, whichever process they are said in", async () => {
  const world = createWorld();
  const main = tool("main", async (_, call) => {
    const first = await call.hear("topic:orders.*");
    await call.sleep(1000);
    return [first?.body, (await call.hear("topic:orders.*"))?.body];
  });
  await using one = await world.live({ bring: bring(main) });
  await using two = await world.live({ bring: bring(main) });
  const run = await one.engine.start(main, {}, { id: "r" });
  await pass(world, 1500);
  await one.kernel.send({ to: "topic:orders.new", type: "order", body: 1, id: "m1" });
  await two.kernel.send({ to: "topic:orders.new", type: "order", body: 1, id: "m1" });
  await turns();
  await two.kernel.send({ to: "topic:orders.paid", type: "order", body: 2, id: "m2" });
  await pass(world, 2000);
  expect(await run.result()).toEqual([1, 2]);
  expect(await world.journal.listens()).toEqual([]);
});

test("a message is heard once for each pattern that it matches, under its own id, however often it comes", async () => {
  const world = createWorld();
  const main = tool("main", async (_, call) => {
    const both = await Promise.all([call.hear("topic:orders.*"), call.hear("topic:*.new")]);
    const next = await Promise.all([call.hear("topic:orders.*"), call.hear("topic:*.new", { timeout: 1000 })]);
    return [...both, ...next].map((heard) => (heard === undefined ? "nothing" : [heard.id, heard.name, heard.body]));
  });
  await using one = await world.live({ bring: bring(main) });
  await using two = await world.live({ bring: bring(main) });
  const run = await one.engine.start(main, {}, { id: "r" });
  await pass(world, 500);
  for (const { kernel } of [one, two]) await kernel.send({ to: "topic:orders.new", type: "order", body: 1, id: "m1" });
  await pass(world, 500);
  await two.kernel.send({ to: "topic:orders.paid", type: "order", body: 2, id: "m2" });
  await pass(world, 2000);
  expect(await run.result()).toEqual([
    ["m1", "topic:orders.*", 1],
    ["m1", "topic:*.new", 1],
    ["m2", "topic:orders.*", 2],
    "nothing",
  ]);
  expect(await world.journal.signals("r")).toEqual([]);
});

test("two who wait for one pattern share its messages, in the order in which they began to wait", async () => {
  const world = createWorld();
  const main = tool("main", (_, call) =>
    Promise.all([call.hear("topic:orders.*"), call.hear("topic:orders.*")]).then((all) => all.map((one) => one?.id)),
  );
  await using life = await world.live({ bring: bring(main) });
  const run = await life.engine.start(main, {}, { id: "r" });
  await pass(world, 500);
  for (const id of ["m1", "m2"]) await life.kernel.send({ to: "topic:orders.new", type: "order", id });
  await pass(world, 500);
  expect(await run.result()).toEqual(["m1", "m2"]);
});

test("outside of a run, and for what is no name, there is an error", async () => {
  await using kernel = await createKernel({});
  const main = tool("main", (_, call) => call.hear("x"));
  await expect(kernel.invoke(main, {})).rejects.toMatchObject({ code: "call.needs_run" });
  const bad = tool("main", (_, call) =>
    call.hear("topic:").catch((error: unknown) => isMofaError(error) && error.code),
  );
  await using life = await createWorld().live({ bring: bring(bad) });
  expect(await (await life.engine.start(bad, {})).result()).toBe("signal.bad");
});
