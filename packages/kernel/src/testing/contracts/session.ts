import { isMofaError } from "../../error.ts";
import type { Json } from "../../json.ts";
import type { SessionStore } from "../../kinds/session.ts";
import { equal, refuses } from "../expect.ts";
import { type Contract, second } from "./contract.ts";
import { prunesOld } from "./prunes-old.ts";

/** What every session store does. */
export const sessionContract: readonly Contract<SessionStore>[] = [
  {
    name: "entries are kept in order with their position, turn and time",
    async run(open) {
      await using opened = await open();
      const { thing: sessions, clock } = opened;
      const at = clock.now();
      await sessions.append("s", ["hi", { role: "assistant" }], { at: 0, turn: "t1" });
      await clock.advance(7);
      await sessions.append("s", [null], { at: 2, turn: "t2" });
      const expected = [
        { index: 0, turn: "t1", body: "hi", at },
        { index: 1, turn: "t1", body: { role: "assistant" }, at },
        { index: 2, turn: "t2", body: null, at: at + 7 },
      ];
      equal(await sessions.load("s"), expected, "load gives all entries");
      equal(await sessions.length("s"), 3, "length counts them");
      equal([await sessions.length("x"), await sessions.load("x")], [0, []], "an unknown session is empty");
    },
  },
  {
    name: "loading is bounded by position and by count from the end",
    async run(open) {
      await using opened = await open();
      const { thing: sessions } = opened;
      await sessions.append("s", [0, 1, 2, 3, 4], { at: 0, turn: "t" });
      const load = async (options: Parameters<SessionStore["load"]>[1]) =>
        (await sessions.load("s", options)).map((entry) => entry.body);
      equal(await load({ until: 2 }), [0, 1], "until is a length");
      equal(await load({ last: 2 }), [3, 4], "last counts from the end");
      equal(await load({ until: 3, last: 2 }), [1, 2], "last counts back from until");
      equal([await load({ until: 0 }), await load({ last: 0 })], [[], []], "nothing is wanted");
      equal(await load({ until: 99, last: 99 }), [0, 1, 2, 3, 4], "bounds may lie beyond the ends");
    },
  },
  {
    name: "a repeated turn writes nothing and is well",
    async run(open) {
      await using opened = await open();
      const { thing: sessions } = opened;
      await sessions.append("s", ["a", "b"], { at: 0, turn: "t1" });
      await sessions.append("s", ["c"], { at: 2, turn: "t2" });
      await sessions.append("s", ["a", "b"], { at: 0, turn: "t1" });
      await sessions.append("s", ["c"], { at: 2, turn: "t2" });
      equal(
        (await sessions.load("s")).map((entry) => entry.body),
        ["a", "b", "c"],
        "nothing was written twice",
      );
    },
  },
  {
    name: "a turn at a position that is not the end is a conflict and writes nothing",
    async run(open) {
      await using opened = await open();
      const { thing: sessions } = opened;
      await sessions.append("s", ["a", "b"], { at: 0, turn: "t1" });
      const append = (at: number) => sessions.append("s", ["x"], { at, turn: "t2" });
      const error = await refuses(() => append(0), "session.conflict", "another turn is there");
      equal(error.data, { id: "s", expected: 0, found: 2 }, "the refusal tells both lengths");
      await refuses(() => append(1), "session.conflict", "a turn does not begin inside another");
      await refuses(() => append(3), "session.conflict", "no gap may be left");
      equal(await sessions.length("s"), 2, "nothing was written");
    },
  },
  {
    name: "of two turns at one position exactly one is written",
    async run(open) {
      await using opened = await open();
      const other = await second(opened);
      const turns = [opened.thing, other, opened.thing, other].map((sessions, n) =>
        sessions.append("s", [n, n], { at: 0, turn: `t${n}` }),
      );
      const outcomes = await Promise.allSettled(turns);
      equal(outcomes.filter((one) => one.status === "fulfilled").length, 1, "one turn wins");
      const bodies = (await other.load("s")).map((entry) => entry.body);
      equal([bodies.length, bodies[0]], [2, bodies[1] ?? null], "its entries are whole");
    },
  },
  {
    name: "sessions are listed by latest change, prefix and limit",
    async run(open) {
      await using opened = await open();
      const { thing: sessions, clock } = opened;
      const at = clock.now();
      for (const id of ["ann/1", "bob_1", "ann/2"]) {
        await sessions.append(id, [1], { at: 0, turn: "t" });
        await clock.advance(1);
      }
      await sessions.append("ann/1", [2, 3], { at: 1, turn: "u" });
      const summaries = [
        { id: "ann/1", length: 3, at: at + 3 },
        { id: "ann/2", length: 1, at: at + 2 },
        { id: "bob_1", length: 1, at: at + 1 },
      ];
      equal(await sessions.list(), summaries, "the latest change comes first");
      equal(await sessions.list({ prefix: "ann/" }), summaries.slice(0, 2), "a prefix chooses");
      equal(await sessions.list({ prefix: "b%" }), [], "a prefix is text, not a pattern");
      equal(await sessions.list({ limit: 1 }), summaries.slice(0, 1), "a limit bounds");
    },
  },
  {
    name: "a deleted session is gone and may begin again",
    async run(open) {
      await using opened = await open();
      const { thing: sessions } = opened;
      await sessions.append("s", ["a"], { at: 0, turn: "t" });
      await sessions.append("keep", ["k"], { at: 0, turn: "t" });
      equal([await sessions.delete("s"), await sessions.delete("s")], [true, false], "only the first finds it");
      equal([await sessions.length("s"), (await sessions.list()).length], [0, 1], "it is nowhere");
      await sessions.append("s", ["b"], { at: 0, turn: "t" });
      equal(
        (await sessions.load("s")).map((entry) => entry.body),
        ["b"],
        "the same turn is new again",
      );
      equal(await sessions.length("keep"), 1, "others are untouched");
    },
  },
  {
    name: "bad entries and ids are refused and nothing is written",
    async run(open) {
      await using opened = await open();
      const { thing: sessions } = opened;
      const bad = ["fine", { at: { n: Number.POSITIVE_INFINITY } }] as Json[];
      await refuses(() => sessions.append("s", bad, { at: 0, turn: "t" }), "json.not_json", "infinity is not JSON");
      await refuses(() => sessions.append("", ["x"], { at: 0, turn: "t" }), "session.bad_id", "an empty id");
      equal([await sessions.length("s"), await sessions.list()], [0, []], "nothing was written");
    },
  },
  {
    name: "what was given or is given back cannot change what is kept",
    async run(open) {
      await using opened = await open();
      const body = { list: [1] };
      await opened.thing.append("s", [body], { at: 0, turn: "t" });
      body.list.push(2);
      const [loaded] = await opened.thing.load("s");
      (loaded?.body as { list: number[] } | undefined)?.list.push(3);
      equal((await opened.thing.load("s"))[0]?.body, { list: [1] }, "the entry is as it was appended");
    },
  },
  ...prunesOld<SessionStore>("session", {
    async put(sessions, id) {
      await sessions.append(id, ["x", "y"], { at: await sessions.length(id), turn: `t${await sessions.length(id)}` });
    },
    ids: async (sessions) => (await sessions.list()).map(({ id }) => id),
  }),
  {
    name: "nothing of a session that was old is left, and its id may begin again",
    async run(open) {
      await using opened = await open();
      const { thing: sessions, clock } = opened;
      await sessions.append("s", ["a", "b"], { at: 0, turn: "t" });
      await clock.advance(1);
      equal(await sessions.prune({ before: clock.now() }), 1, "it was old");
      equal([await sessions.length("s"), await sessions.load("s")], [0, []], "its entries are gone");
      await sessions.append("s", ["c"], { at: 0, turn: "t" });
      equal(
        (await sessions.load("s")).map((entry) => entry.body),
        ["c"],
        "the same turn is new again",
      );
    },
  },
  {
    name: "a session that is gone on with while old ones go stays, or was gone before",
    async run(open) {
      await using opened = await open();
      const { thing: sessions, clock } = opened;
      const other = await second(opened);
      for (let round = 0; round < 20; round++) {
        const goOn = async (id: string) => {
          const at = await sessions.length(id);
          const appended = sessions.append(id, [at, at + 1], { at, turn: `t${round}` });
          return (await appended.then(() => true, unlessConflict)) ? [id] : [];
        };
        // What is changed at this time is not older than it.
        const pruned = other.prune({ before: clock.now() });
        const [kept] = await Promise.all([Promise.all(["a", "b", "c", "d"].map(goOn)), pruned]);
        const left = await other.list();
        for (const id of kept.flat()) equal(left.map((one) => one.id).includes(id), true, `"${id}" was gone on with`);
        for (const { id, length } of left) {
          const bodies = (await other.load(id)).map((entry) => entry.body);
          equal(bodies, [...Array(length).keys()], `"${id}" has no gap`);
        }
        await clock.advance(1);
      }
    },
  },
  {
    name: "a second connection sees what was appended",
    async run(open) {
      await using opened = await open();
      await opened.thing.append("s", ["a", "b"], { at: 0, turn: "t" });
      const other = await second(opened);
      equal(await other.load("s"), await opened.thing.load("s"), "the entries are kept beyond the connection");
      equal(await other.list(), await opened.thing.list(), "and so is the list");
    },
  },
];

/** Who finds the session gone has to look at it again. */
function unlessConflict(error: unknown): false {
  if (!isMofaError(error, "session.conflict")) throw error;
  return false;
}
