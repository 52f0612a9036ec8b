import { defineTool, type Tool } from "@mofa/kernel";
import { seededRandom } from "@mofa/kernel/testing";
import { expect, test } from "vitest";
import { createWorld } from "./world.ts";

const SEEDS = 400;
const ITEMS = [0, 1, 2, 3];

// A workflow as people write it: branches with three awaited steps each, one failing and caught, then concurrent
// sub-actions of three steps, then a sum.
function story(random: () => number, kept: ReadonlySet<string>) {
  const repeated: string[] = [];
  let failing = 0;
  const some = async () => {
    for (let turns = Math.floor(random() * 6); turns > 0; turns--)
      await new Promise<void>((resolve) => setImmediate(resolve));
  };
  const number = { type: "object" };
  const step = (name: string, work: (input: Readonly<Record<string, number>>) => number): Tool =>
    defineTool({
      name,
      input: number,
      async run(input, call) {
        if (kept.has(call.run?.key ?? "")) repeated.push(call.run?.key ?? "");
        await some();
        return work(input as Record<string, number>);
      },
    });
  const first = step("first", ({ item = 0 }) => item * 10);
  const second = step("second", ({ item = 0, value = 0 }) => {
    if (item === 2) {
      failing++;
      throw new Error(`no second for ${item}`);
    }
    return value + 1;
  });
  const third = step("third", ({ item = 0, value = 0 }) => value * 2 + item);
  const sub = defineTool({
    name: "sub",
    input: number,
    async run(input, call) {
      const item = Number(input["item"]);
      const one = await call.invoke(first, { item });
      const two = await call.invoke(third, { item, value: one });
      return (await call.invoke(third, { item, value: two })) as number;
    },
  });
  const sum = step("sum", ({ left = 0, right = 0 }) => left + right);
  const main = defineTool({
    name: "story",
    input: number,
    async run(_, call) {
      const branches = await Promise.all(
        ITEMS.map(async (item) => {
          const one = (await call.invoke(first, { item })) as number;
          const two = (await call.invoke(second, { item, value: one }).catch(() => -1)) as number;
          return (await call.invoke(third, { item, value: two })) as number;
        }),
      );
      const subs = await Promise.all(ITEMS.map((item) => call.invoke(sub, { item })));
      const total = (list: readonly unknown[]) => list.reduce<number>((all, each) => all + Number(each), 0);
      return call.invoke(sum, { left: total(branches), right: total(subs) });
    },
  });
  return { main, sub, repeated, failing: () => failing };
}

function expected(): number {
  const third = (item: number, value: number) => value * 2 + item;
  const branches = ITEMS.map((item) => third(item, item === 2 ? -1 : item * 10 + 1));
  const subs = ITEMS.map((item) => third(item, third(item, item * 10)));
  return [...branches, ...subs].reduce((all, each) => all + each, 0);
}

test(`${SEEDS} stories that crash at random appends all end right, and repeat nothing that was kept`, async () => {
  let crashes = 0;
  for (let seed = 1; seed <= SEEDS; seed++) {
    const random = seededRandom(seed);
    const world = createWorld();
    const { main, repeated } = story(random, world.kept);
    let lives = 0;
    for (let output: unknown; output === undefined; ) {
      if (++lives > 60) expect.fail(`seed ${seed} does not end`);
      const dies = (_: string, method: string) => method === "append" && random() < 0.25;
      const life = await world.live({ dies, bring: (kernel) => void kernel.provide("tool", main) });
      if (lives === 1) await life.engine.start(main, {}, { id: "story" });
      else world.clock.jump(60);
      await Promise.race([life.died, life.ended("story")]);
      if (life.dead) crashes++;
      await life.kernel.end();
      world.clock.jump(5000);
      const record = await world.journal.get("story");
      if (record?.status === "failed") expect.fail(`seed ${seed}: ${record.error?.message}`);
      output = record?.output;
    }
    const record = await world.journal.get("story");
    expect({ seed, output: record?.output, repeated }).toEqual({ seed, output: expected(), repeated: [] });
  }
  // Otherwise the test proves nothing.
  expect(crashes).toBeGreaterThan(SEEDS * 5);
}, 60_000);
