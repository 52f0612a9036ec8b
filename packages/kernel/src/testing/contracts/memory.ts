import type { JsonObject } from "../../json.ts";
import type { Fact, Memory } from "../../kinds/memory.ts";
import { equal, holds, refuses } from "../expect.ts";
import { type Contract, second } from "./contract.ts";
import { forgettingCases } from "./memory-forgetting.ts";
import { nearnessCases } from "./memory-nearness.ts";

const wordCases: readonly Contract<Memory>[] = [
  {
    name: "a fact is found by its words, with what was kept beside it",
    async run(open) {
      await using opened = await open();
      const { thing: memory, clock } = opened;
      const fact = { id: "1", namespace: "ann", text: "The invoice goes to Bergen.", meta: { from: "mail", n: [1] } };
      await memory.remember(fact);
      const query = { namespace: "ann", text: "where does the INVOICE go?", mode: "words" } as const;
      const [found, ...more] = await memory.search(query);
      equal({ ...found, score: 0 }, { ...fact, at: clock.now(), score: 0, why: { words: 1 } }, "the fact is whole");
      holds((found?.score ?? 0) > 0, "a found fact has a score");
      equal(more, [], "it is found once");
    },
  },
  {
    name: "the fact that shares more of the rarer words comes first",
    async run(open) {
      await using opened = await open();
      await rememberAll(opened.thing, [
        "the cat likes the fish",
        "the dog likes the bone",
        "the dog chases the cat over the fence",
        "the weather is fine",
      ]);
      const found = await byWords(opened.thing, "dog bone");
      equal(found.map((fact) => fact.id).slice(0, 2), ["1", "2"], "two words beat one");
      holds(
        found.every((fact, at) => fact.score <= (found[at - 1]?.score ?? Infinity)),
        "scores fall",
      );
    },
  },
  {
    name: "a search answers at most its limit, ten unless told",
    async run(open) {
      await using opened = await open();
      await rememberAll(
        opened.thing,
        Array.from({ length: 12 }, (_, n) => `apple number${n}`),
      );
      const count = async (limit?: number) => (await byWords(opened.thing, "apple", limit)).length;
      equal([await count(), await count(3), await count(50), await count(0)], [10, 3, 12, 0], "the limit holds");
    },
  },
  {
    name: "searches and deletions never cross namespaces",
    async run(open) {
      await using opened = await open();
      const { thing: memory } = opened;
      await memory.remember({ id: "1", namespace: "ann", text: "secret apple" });
      await memory.remember({ id: "1", namespace: "bob", text: "public apple" });
      const texts = async (namespace: string) =>
        (await memory.search({ namespace, text: "apple" })).map((fact) => fact.text);
      equal(await texts("ann"), ["secret apple"], "only her own");
      equal(await texts("an"), [], "a namespace is no prefix");
      equal(await memory.forget("bob", "1"), true, "his is forgotten");
      equal([await texts("ann"), await texts("bob")], [["secret apple"], []], "hers is not");
    },
  },
  {
    name: "a fact of the same id replaces the old one, words and all",
    async run(open) {
      await using opened = await open();
      const { thing: memory, clock } = opened;
      await memory.remember({ id: "1", namespace: "n", text: "old pear", meta: { a: 1 } });
      await clock.advance(3);
      await memory.remember({ id: "1", namespace: "n", text: "new plum" });
      equal(await byWords(memory, "pear"), [], "the old words are gone");
      const [found] = await byWords(memory, "plum");
      equal([found?.text, found?.meta, found?.at], ["new plum", undefined, clock.now()], "nothing of the old is left");
    },
  },
  {
    name: "words are found whatever their case, accents or script",
    async run(open) {
      await using opened = await open();
      await rememberAll(opened.thing, ["Café in Zürich", "我们在奥斯陆见面", "Встреча в Москве", "ticket A42-7"]);
      const ids = async (text: string) => (await byWords(opened.thing, text)).map((fact) => fact.id);
      const found = [await ids("CAFE"), await ids("奥斯陆"), await ids("москве"), await ids("a42")];
      equal(found, [["0"], ["1"], ["2"], ["3"]], "each is found");
    },
  },
  {
    name: "nothing to look for finds nothing, and signs are no commands",
    async run(open) {
      await using opened = await open();
      await rememberAll(opened.thing, ["apple AND pear"]);
      for (const text of ["", "   ", "?!", '"', "%", "*", "zebra OR NOT", "'; drop table fact; --"]) {
        equal(await byWords(opened.thing, text), [], `for ${JSON.stringify(text)}`);
      }
      equal((await byWords(opened.thing, 'apple" NEAR(*')).length, 1, "the words count alone");
    },
  },
  {
    name: "what cannot be kept is refused and nothing is written",
    async run(open) {
      await using opened = await open();
      const { thing: memory } = opened;
      const bad = { id: "1", namespace: "n", text: "apple", meta: { when: () => 1 } as unknown as JsonObject };
      const good = { id: "2", namespace: "n", text: "apple" };
      await refuses(() => memory.remember([good, bad]), "json.not_json", "a function is not JSON");
      await refuses(() => memory.remember({ id: "", namespace: "n", text: "apple" }), "fact.bad_id", "an empty id");
      equal(await memory.search({ namespace: "n", text: "apple" }), [], "nothing was written");
    },
  },
  {
    name: "a second connection finds what was remembered",
    async run(open) {
      await using opened = await open();
      await opened.thing.remember({ id: "1", namespace: "n", text: "apple" });
      const query = { namespace: "n", text: "apple" };
      equal(await (await second(opened)).search(query), await opened.thing.search(query), "the same is found");
    },
  },
];

/**
 * What every memory does. How well it understands words is its own affair; that it finds them is not. Open it with
 * `lexicalEmbedder()` as its embedder: the cases about vectors count on what that sees.
 */
export const memoryContract: readonly Contract<Memory>[] = [...wordCases, ...nearnessCases, ...forgettingCases];

async function rememberAll(memory: Memory, texts: readonly string[]): Promise<void> {
  await memory.remember(texts.map((text, index): Fact => ({ id: `${index}`, namespace: "n", text })));
}

function byWords(memory: Memory, text: string, limit?: number) {
  return memory.search({ namespace: "n", text, mode: "words", ...(limit === undefined ? {} : { limit }) });
}
