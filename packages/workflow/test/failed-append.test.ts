import { inMemoryJournal, type Journal } from "@mofa/kernel";
import { expect, test } from "vitest";
import { createWorld, LEASE_MS, pass, tool, turns } from "./world.ts";

test("what came after a result that could not be kept is not kept in its place", async () => {
  const { clock } = createWorld();
  const journal = inMemoryJournal({ clock });
  let fail: (() => void) | undefined;
  let failed = false;
  const failing: Journal = {
    ...journal,
    async append(batch) {
      const first = batch.some(({ rows }) => rows.some(({ body }) => body === "a"));
      if (failed || !first) return journal.append(batch);
      failed = true;
      await new Promise<void>((resolve) => {
        fail = resolve;
      });
      throw new Error("The disk is full.");
    },
  };
  const a = tool("a", () => "a");
  // Ends while the result of the other one is under way.
  const b = tool("b", async () => {
    await turns(3);
    return "b";
  });
  const main = tool("main", (_, call) => Promise.all([call.invoke(a, {}), call.invoke(b, {})]));
  const world = createWorld(clock, failing);
  await using life = await world.live({
    bring: (kernel) => {
      for (const each of [a, b, main]) kernel.provide("tool", each);
    },
  });
  const run = await life.engine.start(main, {}, { id: "r" });
  await turns(20);
  fail?.();
  await turns(20);
  // Whatever is there has both, or is not the end.
  const names = async () => (await journal.rows("r")).map(({ name }) => name).sort();
  expect([(await journal.get("r"))?.status, await names()]).toEqual(["running", []]);
  await pass(world, 2 * LEASE_MS);
  expect(await run.result()).toEqual(["a", "b"]);
  expect(await names()).toEqual(["a", "b"]);
});
