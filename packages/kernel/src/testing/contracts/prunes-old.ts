import type { OldFilter } from "../../kinds/old-filter.ts";
import { equal } from "../expect.ts";
import { type Contract, type Opened, second } from "./contract.ts";

interface Pruning {
  prune(filter: OldFilter): Promise<number>;
}

interface Ways<Thing> {
  /** Makes or changes the one of this id. */
  put(thing: Thing, id: string): Promise<void>;
  ids(thing: Thing): Promise<readonly string[]>;
}

/** How what is old is deleted, the same for all that has an id and a time of its last change. */
export function prunesOld<Thing extends Pruning>(what: string, { put, ids }: Ways<Thing>): readonly Contract<Thing>[] {
  /** Puts these, one millisecond after the other; gives what is left, and the time of the first. */
  async function filled({ thing, clock }: Opened<Thing>, names: readonly string[]) {
    const start = clock.now();
    for (const id of names) {
      await put(thing, id);
      await clock.advance(1);
    }
    return { thing, start, left: async () => (await ids(thing)).toSorted() };
  }

  return [
    {
      name: `what of each ${what} is old goes by age and by count, oldest first, and nothing else`,
      async run(open) {
        await using opened = await open();
        const { thing, start, left } = await filled(opened, ["f", "e", "d", "c", "b", "a"]);
        await put(thing, "f");
        equal([await thing.prune({}), await thing.prune({ limit: 9 })], [0, 0], "nothing named is nothing");
        equal(await thing.prune({ before: start + 1 }), 0, "what was changed since is not old");
        equal(await thing.prune({ before: start + 2 }), 1, "before a time, itself left out");
        equal(await left(), ["a", "b", "c", "d", "f"], "the oldest is gone");
        equal(await thing.prune({ keep: 9 }), 0, "there are not so many");
        equal(await thing.prune({ keep: 2, limit: 1 }), 1, "all but two, one at a time");
        equal(await left(), ["a", "b", "c", "f"], "oldest first");
        equal(await thing.prune({ keep: 3, before: start + 5 }), 2, "who fits either of them goes, once");
        equal(await left(), ["a", "f"], "by the wider one");
        equal([await thing.prune({ keep: 0 }), await left()], [2, []], "none is a count too");
      },
    },
    {
      name: `only a ${what} whose id begins with the prefix goes, and counts`,
      async run(open) {
        await using opened = await open();
        const { thing, start, left } = await filled(opened, ["a", "a/1", "b/%", "a/2", "a_1", "a/3", "b/1", "A/1"]);
        const later = start + 100;
        equal(await thing.prune({ prefix: "a/", keep: 2 }), 1, "two of its own stay");
        equal(await thing.prune({ prefix: "a%", before: later }), 0, "a prefix is text, not a pattern");
        equal(await thing.prune({ prefix: "b/%", before: later }), 1, "whatever signs it has");
        equal(await left(), ["A/1", "a", "a/2", "a/3", "a_1", "b/1"], "the others are there");
        equal(await thing.prune({ prefix: "a/", before: later, limit: 1 }), 1, "one at a time");
        equal(await left(), ["A/1", "a", "a/3", "a_1", "b/1"], "oldest first");
      },
    },
    {
      name: `of the same time, each ${what} goes by its id, and a second connection sees it`,
      async run(open) {
        await using opened = await open();
        for (const id of ["b", "a/\u{1F600}", "a/\uFF5E", "a"]) await put(opened.thing, id);
        const other = await second(opened);
        equal(await other.prune({ keep: 2 }), 2, "all but two");
        equal((await ids(opened.thing)).toSorted(), ["a/\u{1F600}", "b"], "the last by code points stay");
        equal(await opened.thing.prune({ keep: 2 }), 0, "which is enough");
      },
    },
  ];
}
