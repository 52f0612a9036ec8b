import type { Memory } from "../../kinds/memory.ts";
import { equal } from "../expect.ts";
import { type Contract, second } from "./contract.ts";

/** What was remembered last, where, and how it is forgotten. */
export const forgettingCases: readonly Contract<Memory>[] = [
  {
    name: "forgetting deletes for real and says whether there was one",
    async run(open) {
      await using opened = await open();
      const { thing: memory } = opened;
      await memory.remember({ id: "1", namespace: "n", text: "apple" });
      equal([await memory.forget("n", "1"), await memory.forget("n", "1")], [true, false], "only the first finds it");
      equal(await memory.forget("other", "1"), false, "an unknown namespace has nothing to forget");
      for (const mode of ["words", "vectors", "hybrid"] as const) {
        equal(await memory.search({ namespace: "n", text: "apple", mode }), [], `it is found no more by ${mode}`);
      }
      equal([await memory.recent("n"), await memory.namespaces()], [[], []], "nothing is left of it");
    },
  },
  {
    name: "all of a namespace is forgotten, and nothing of another",
    async run(open) {
      await using opened = await open();
      const { thing: memory } = opened;
      await memory.remember(["a", "b", "c"].map((id) => ({ id, namespace: "ann", text: `apple ${id}` })));
      await memory.remember({ id: "a", namespace: "bob", text: "apple" });
      equal([await memory.forgetAll("ann"), await memory.forgetAll("ann")], [3, 0], "it says how many");
      equal(await memory.namespaces(), [{ namespace: "bob", facts: 1 }], "his is there");
      equal(await memory.search({ namespace: "ann", text: "apple" }), [], "hers are not");
      await memory.remember({ id: "a", namespace: "ann", text: "pear" });
      equal((await memory.recent("ann")).length, 1, "a namespace can begin anew");
    },
  },
  {
    name: "what fits a filter is forgotten, the rest is found as before",
    async run(open) {
      await using opened = await open();
      const { thing: memory, clock } = opened;
      const of = (session: string) => ({ source: { session } });
      await memory.remember({ id: "1", namespace: "n", text: "apple one", meta: { kind: "x" }, ...of("s1") });
      await memory.remember({ id: "2", namespace: "n", text: "apple two", meta: { kind: { deep: [1] } }, ...of("s1") });
      await clock.advance(10);
      await memory.remember({ id: "3", namespace: "n", text: "apple three", ...of("s2") });
      equal(await memory.forgetAll("n", { source: { session: "s3" } }), 0, "nothing comes from there");
      equal(await memory.forgetAll("n", { source: { session: "s1" }, meta: { kind: { deep: [1] } } }), 1, "both hold");
      const ids = async () =>
        (await memory.search({ namespace: "n", text: "apple" })).map((fact) => fact.id).toSorted();
      equal(await ids(), ["1", "3"], "the others are there");
      equal(await memory.forgetAll("n", { since: clock.now() }), 1, "the newest is");
      equal(await ids(), ["1"], "the oldest is left");
    },
  },
  {
    name: "what is old is forgotten by age, and by count in each namespace, words, vectors and all",
    async run(open) {
      await using opened = await open();
      const { thing: memory, clock } = opened;
      const start = clock.now();
      for (const id of ["1", "2", "3"]) {
        for (const namespace of ["c/ann", "c/bob", "d"]) await memory.remember({ id, namespace, text: `apple ${id}` });
        await clock.advance(1);
      }
      const left = async () => {
        const names = (await memory.namespaces()).map(({ namespace }) => namespace);
        const ids = async (name: string) => (await memory.recent(name)).map(({ id }) => id);
        return Promise.all(names.map(async (name) => [name, ...(await ids(name))].join(" ")));
      };
      equal([await memory.prune({}), await memory.prune({ prefix: "c/" })], [0, 0], "nothing named is nothing");
      equal(await memory.prune({ before: start }), 0, "none is so old");
      equal(await memory.prune({ prefix: "c/", keep: 2, limit: 1 }), 1, "one at a time");
      equal(await memory.prune({ prefix: "c/", keep: 2 }), 1, "of each namespace two stay");
      equal(await left(), ["c/ann 3 2", "c/bob 3 2", "d 3 2 1"], "the oldest of each are gone");
      for (const mode of ["words", "vectors", "hybrid"] as const) {
        const found = await memory.search({ namespace: "c/ann", text: "apple 1", mode });
        equal(found.map(({ id }) => id).toSorted(), ["2", "3"], `it is found no more by ${mode}`);
      }
      equal(await memory.prune({ before: start + 1, keep: 2 }), 1, "without a prefix, of all; who fits both goes once");
      equal(await memory.prune({ prefix: "c/b", before: start + 9 }), 2, "by age");
      equal(await left(), ["c/ann 3 2", "d 3 2"], "a namespace goes with its last fact");
      equal([await memory.prune({ keep: 0 }), await left()], [4, []], "none is a count too");
    },
  },
  {
    name: "many who remember and forget at once leave what is counted as it is kept",
    async run(open) {
      await using opened = await open();
      const memories = [opened.thing, await second(opened)];
      const work = Array.from({ length: 40 }, (_, n) => {
        const memory = memories[n % 2] ?? opened.thing;
        const id = `${n % 5}`;
        if (n % 8 === 7) return memory.forgetAll("n");
        if (n % 8 === 3) return memory.prune({ keep: 1 });
        return n % 3 === 2 ? memory.forget("n", id) : memory.remember({ id, namespace: "n", text: `apple ${n}` });
      });
      await Promise.all(work);
      const kept = await opened.thing.recent("n", 100);
      const facts = (await opened.thing.namespaces())[0]?.facts ?? 0;
      equal([new Set(kept.map((fact) => fact.id)).size, facts], [kept.length, kept.length], "each once, and counted");
      equal((await opened.thing.search({ namespace: "n", text: "apple" })).length, kept.length, "each is found");
      equal([await opened.thing.forgetAll("n"), await opened.thing.namespaces()], [kept.length, []], "all can go");
    },
  },
  {
    name: "the last remembered come first, at most as many as asked for",
    async run(open) {
      await using opened = await open();
      const { thing: memory, clock } = opened;
      const source = { run: "r" };
      for (const id of ["a", "b", "c"]) {
        await memory.remember({ id, namespace: "n", text: id, meta: { id }, source });
        await clock.advance(1);
      }
      const whole = { id: "c", namespace: "n", text: "c", meta: { id: "c" }, source, at: clock.now() - 1 };
      equal(await memory.recent("n", 1), [whole], "the newest, whole");
      await memory.remember({ id: "a", namespace: "n", text: "again" });
      const ids = async (limit?: number) => (await memory.recent("n", limit)).map((fact) => fact.id);
      equal([await ids(), await ids(2), await ids(0)], [["a", "c", "b"], ["a", "c"], []], "remembered again is new");
      equal(await memory.recent("other"), [], "an unknown namespace has none");
    },
  },
  {
    name: "namespaces are listed in order, by prefix and page",
    async run(open) {
      await using opened = await open();
      const { thing: memory } = opened;
      const names = ["customer/2", "customer/10", "agent/ann", "customer/\u{1f642}", "customers"];
      await memory.remember(names.map((namespace) => ({ id: "1", namespace, text: "x" })));
      const list = async (...given: Parameters<Memory["namespaces"]>) =>
        (await memory.namespaces(...given)).map((one) => one.namespace);
      const ordered = ["agent/ann", "customer/10", "customer/2", "customer/\u{1f642}", "customers"];
      equal(await list(), ordered, "all");
      equal(await list({ prefix: "customer/" }), ordered.slice(1, 4), "of a prefix");
      equal(await list({ prefix: "customer", after: "customer/10", limit: 2 }), ordered.slice(2, 4), "a page");
    },
  },
];
