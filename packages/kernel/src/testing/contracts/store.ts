import type { Json } from "../../json.ts";
import type { Document, Store } from "../../kinds/store.ts";
import { equal, refuses } from "../expect.ts";
import { type Contract, second } from "./contract.ts";
import { prunesOld } from "./prunes-old.ts";

/** What every store does. */
export const storeContract: readonly Contract<Store>[] = [
  {
    name: "a document is kept with its version and time",
    async run(open) {
      await using opened = await open();
      const { thing: store, clock } = opened;
      const body = { city: "Oslo", days: [1, 2], deep: { yes: true, none: null, text: "“ÆØÅ” 天 \u0000 🙂" } };
      const first = await store.put("orders/1", body);
      equal(first, { id: "orders/1", version: 1, body, at: clock.now() }, "put gives the document as it is kept");
      equal(await store.get("orders/1"), first, "get gives what put gave");
      await clock.advance(5);
      const next = await store.put("orders/1", "text");
      equal(next, { id: "orders/1", version: 2, body: "text", at: first.at + 5 }, "a change raises version and time");
      equal(await store.get("orders/2"), undefined, "what was never put is undefined");
    },
  },
  {
    name: "every kind of JSON comes back as it was",
    async run(open) {
      await using opened = await open();
      const bodies: Json[] = [
        null,
        true,
        false,
        0,
        -1.5e-7,
        2 ** 53,
        "",
        "null",
        [],
        {},
        [[null]],
        { "": { "a.b": [] } },
      ];
      for (const [index, body] of bodies.entries()) {
        await opened.thing.put(`body/${index}`, body);
        equal((await opened.thing.get(`body/${index}`))?.body, body, "the body is unchanged");
      }
    },
  },
  {
    name: "a version that is not the one found is refused and changes nothing",
    async run(open) {
      await using opened = await open();
      const { thing: store } = opened;
      const wrong = await refuses(
        () => store.put("a", 1, { version: 3 }),
        "document.conflict",
        "a missing document is at 0",
      );
      equal(wrong.data, { id: "a", expected: 3, found: 0 }, "the refusal tells both versions");
      await store.put("a", 1, { version: 0 });
      await refuses(() => store.put("a", 2, { version: 0 }), "document.conflict", "version 0 means: does not exist");
      await refuses(() => store.delete("a", { version: 2 }), "document.conflict", "delete looks at the version too");
      equal((await store.get("a"))?.body, 1, "the refused changed nothing");
      equal((await store.put("a", 2, { version: 1 })).version, 2, "the right version is accepted");
    },
  },
  {
    name: "of two writers of one version exactly one wins",
    async run(open) {
      await using opened = await open();
      const other = await second(opened);
      await opened.thing.put("a", 0);
      const writers = [opened.thing, other, opened.thing, other].map((store, n) => store.put("a", n, { version: 1 }));
      const outcomes = await Promise.allSettled(writers);
      equal(outcomes.filter((one) => one.status === "fulfilled").length, 1, "one writer wins");
      equal((await other.get("a"))?.version, 2, "and the version rose once");
    },
  },
  {
    name: "deleting says whether there was one, and what is put again starts over",
    async run(open) {
      await using opened = await open();
      const { thing: store } = opened;
      await store.put("a", 1);
      equal([await store.delete("a"), await store.delete("a")], [true, false], "only the first delete finds it");
      equal(await store.get("a"), undefined, "a deleted document is gone");
      equal((await store.put("a", 2, { version: 0 })).version, 1, "versions start again at 1");
    },
  },
  {
    name: "documents are listed in order of id, by prefix and page",
    async run(open) {
      await using opened = await open();
      const { thing: store } = opened;
      const ids = ["b/%", "a/2", "b/1", "a/10", "a", "b_1", "a/\u{1F600}", "a/\uFF5E", "B/1"];
      for (const id of ids) await store.put(id, id);
      const list = async (filter?: Parameters<Store["list"]>[0]) => (await store.list(filter)).map(idOf);
      const sorted = ["B/1", "a", "a/10", "a/2", "a/\uFF5E", "a/\u{1F600}", "b/%", "b/1", "b_1"];
      equal(await list(), sorted, "the order is that of code points");
      equal(await list({ prefix: "b/" }), ["b/%", "b/1"], "a prefix is text, not a pattern");
      equal(await list({ prefix: "a/\u{1F600}" }), ["a/\u{1F600}"], "a prefix may end beyond the basic plane");
      equal(await list({ prefix: "a", after: "a/10", limit: 2 }), ["a/2", "a/\uFF5E"], "pages go on after an id");
      equal(await list({ prefix: "zz" }), [], "no match is an empty list");
      equal(await list({ limit: 0 }), [], "no room is an empty list");
    },
  },
  {
    name: "a list is bounded at 100 unless told",
    async run(open) {
      await using opened = await open();
      for (let n = 0; n < 101; n++) await opened.thing.put(`n/${n}`, n);
      equal((await opened.thing.list()).length, 100, "the default is 100");
      equal((await opened.thing.list({ limit: 1_000 })).length, 101, "a limit may be higher");
    },
  },
  ...prunesOld<Store>("document", {
    put: async (store, id) => void (await store.put(id, { id })),
    ids: async (store) => (await store.list()).map(idOf),
  }),
  {
    name: "what is not JSON is refused with its path and changes nothing",
    async run(open) {
      await using opened = await open();
      const bad = { list: [1, Number.NaN] } as Json;
      const error = await refuses(() => opened.thing.put("a", bad), "json.not_json", "NaN is not JSON");
      equal(error.data["path"], "$.list[1]", "the path is told");
      equal(await opened.thing.get("a"), undefined, "nothing was written");
    },
  },
  {
    name: "an id that could not be kept faithfully is refused",
    async run(open) {
      await using opened = await open();
      for (const id of ["", "a\u0000b", "a\nb", "half \ud83d", "x".repeat(513)]) {
        await refuses(() => opened.thing.put(id, 1), "document.bad_id", `the id ${JSON.stringify(id.slice(0, 20))}`);
      }
      equal((await opened.thing.put("x".repeat(512), 1)).version, 1, "512 characters are accepted");
    },
  },
  {
    name: "what was given or is given back cannot change what is kept",
    async run(open) {
      await using opened = await open();
      const body = { list: [1] };
      const put = await opened.thing.put("a", body);
      body.list.push(2);
      spoil(put);
      spoil(await opened.thing.get("a"));
      spoil((await opened.thing.list())[0]);
      equal((await opened.thing.get("a"))?.body, { list: [1] }, "the document is as it was put");
    },
  },
  {
    name: "a second connection sees what was put",
    async run(open) {
      await using opened = await open();
      const document = await opened.thing.put("a", { kept: true });
      equal(await (await second(opened)).get("a"), document, "the document is kept beyond the connection");
    },
  },
];

function idOf({ id }: Document): string {
  return id;
}

function spoil(document: Document | undefined): void {
  (document?.body as { list: number[] } | undefined)?.list.push(3);
}
