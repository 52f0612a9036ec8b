import type { OldFilter, Plugin, SessionStore } from "@mofa/kernel";
import { testKernel } from "@mofa/kernel/testing";
import { expect, test } from "vitest";
import { type RetentionOptions, retention } from "./retention.ts";

const HOUR = 3_600_000;
const DAY = 24 * HOUR;

/** A kernel with two of each that are a day apart, under two prefixes. */
async function filled(options: RetentionOptions, ...more: readonly Plugin[]) {
  const kernel = await testKernel(...more);
  const session = kernel.get("session", "memory");
  const memory = kernel.get("memory", "memory");
  const store = kernel.get("store", "memory");
  for (const n of ["1", "2"]) {
    for (const place of ["chat", "desk"]) {
      await session.append(`${place}/${n}`, ["hi"], { at: 0, turn: "t" });
      await memory.remember({ id: n, namespace: `${place}/ann`, text: `apple ${n}` });
      await store.put(`${place}/${n}`, n);
    }
    await kernel.clock.advance(DAY);
  }
  await kernel.plug(retention(options));
  const left = async () => ({
    sessions: (await session.list()).map(({ id }) => id).toSorted(),
    facts: [...(await memory.recent("chat/ann")), ...(await memory.recent("desk/ann"))].map(
      ({ namespace, id }) => `${namespace} ${id}`,
    ),
    documents: (await store.list()).map(({ id }) => id),
  });
  return { kernel, left, [Symbol.asyncDispose]: () => kernel.end() };
}

const all = {
  sessions: ["chat/1", "chat/2", "desk/1", "desk/2"],
  facts: ["chat/ann 2", "chat/ann 1", "desk/ann 2", "desk/ann 1"],
  documents: ["chat/1", "chat/2", "desk/1", "desk/2"],
};

test("without a rule nothing is ever deleted", async () => {
  await using opened = await filled({ every: HOUR });
  await opened.kernel.clock.advance(10 * DAY);
  expect(await opened.left()).toEqual(all);
});

test("what a rule names goes by age and by count, the rest stays", async () => {
  await using opened = await filled({
    sessions: [{ prefix: "chat/", age: 1.5 * DAY }],
    facts: [{ count: 1 }],
    documents: [{ prefix: "desk/", count: 1 }],
  });
  await opened.kernel.clock.advance(59_000);
  expect(await opened.left()).toEqual(all);
  await opened.kernel.clock.advance(1_000);
  const first = {
    sessions: ["chat/2", "desk/1", "desk/2"],
    facts: ["chat/ann 2", "desk/ann 2"],
    documents: ["chat/1", "chat/2", "desk/2"],
  };
  expect(await opened.left()).toEqual(first);
  await opened.kernel.clock.advance(DAY);
  expect(await opened.left()).toEqual({ ...first, sessions: ["desk/1", "desk/2"] });
});

/** A session store that only counts, and does what it is told with each wish. */
function pruning(prune: (filter: OldFilter) => Promise<number>): Plugin {
  return {
    name: "pruning",
    version: "1.0.0",
    setup(ctx) {
      ctx.provide("session", { name: "pruning", prune } as unknown as SessionStore);
    },
  };
}

test("a round goes on until nothing old is left, and a failure is only put off", async () => {
  const asked: OldFilter[] = [];
  const answers = [100, 100, 3, new Error("no disk"), 100, 0];
  await using kernel = await testKernel(
    pruning(async (filter) => {
      asked.push(filter);
      const answer = answers[asked.length - 1] ?? 0;
      if (answer instanceof Error) throw answer;
      return answer;
    }),
    retention({ every: HOUR, sessions: [{ age: DAY }] }),
  );
  const start = kernel.clock.now();
  await kernel.clock.advance(60_000);
  expect(asked.length).toBe(3);
  expect(asked[0]).toEqual({ prefix: "", limit: 100, before: start + 60_000 - DAY });
  await kernel.clock.advance(HOUR);
  expect(asked.length).toBe(4);
  await kernel.clock.advance(HOUR);
  expect(asked.length).toBe(6);
});

test("who ends it waits for what is being deleted, and no more is begun", async () => {
  let asked = 0;
  let answer = (_: number): void => {};
  const kernel = await testKernel(
    pruning(() => {
      asked++;
      return new Promise((resolve) => {
        answer = resolve;
      });
    }),
    retention({ sessions: [{ count: 1 }] }),
  );
  await kernel.clock.advance(60_000);
  let ended = false;
  const end = kernel.end().then(() => {
    ended = true;
  });
  await kernel.clock.advance(0);
  expect([asked, ended]).toEqual([1, false]);
  answer(100);
  await end;
  expect(asked).toBe(1);
});

test("a rule that names neither age nor count is refused", async () => {
  await using kernel = await testKernel();
  await expect(kernel.plug(retention({ documents: [{ prefix: "a/" }] }))).rejects.toThrow("say age, count or both");
});
