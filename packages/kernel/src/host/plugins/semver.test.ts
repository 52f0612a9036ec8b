import semver from "semver";
import { describe, expect, test } from "vitest";
import { seededRandom } from "../../testing/ids.ts";
import { compareVersions, inRange, parseRange, parseVersion, type Version } from "./semver.ts";

const isIn = (version: string, range: string) => {
  const [have, wanted] = [parseVersion(version), parseRange(range)];
  return have !== undefined && wanted !== undefined && inRange(have, wanted);
};

describe("ranges and versions made by chance mean what they mean to npm", () => {
  /** Writes versions and ranges close to each other, so that bounds are met. */
  function writer(seed: number) {
    const random = seededRandom(seed);
    const below = (count: number) => Math.floor(random() * count);
    const pick = <T>(list: readonly T[]) => list[below(list.length)] as T;
    const part = () => String(below(4));
    const pre = () =>
      random() < 0.3 ? `-${pick(["0", "1", "alpha", "beta.1", "beta.2", "rc-1", "1a", "a.b.c"])}` : "";
    const build = () => (random() < 0.1 ? "+build.5" : "");
    const version = () => `${part()}.${part()}.${part()}${pre()}${build()}`;
    const open = () => (random() < 0.2 ? pick(["x", "X", "*"]) : part());
    const partial = () => {
      const prefix = random() < 0.05 ? "v" : "";
      const parts = Array.from({ length: Math.min(3, 1 + below(5)) }, open);
      const left = parts.findIndex((one) => Number.isNaN(Number(one)));
      // What follows an open part is open too: npm takes a number there with some operators and refuses it with others.
      const same = parts.map((one, place) => (left >= 0 && place > left ? "x" : one));
      return `${prefix}${same.join(".")}${same.length === 3 ? pre() + build() : ""}`;
    };
    const comparator = () =>
      `${pick(["", "", "^", "~", "~>", ">", ">=", "<", "<=", "="])}${pick(["", "", " "])}${partial()}`;
    const set = () => {
      const dice = random();
      if (dice < 0.15) return `${partial()} - ${partial()}`;
      return Array.from({ length: dice < 0.2 ? 0 : 1 + below(3) }, comparator).join(pick([" ", "  "]));
    };
    const range = () => Array.from({ length: 1 + below(3) }, set).join(pick(["||", " || "]));
    return { version, range };
  }

  test.each([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])("seed %i", (seed) => {
    const { version, range } = writer(seed);
    const wrong: unknown[] = [];
    for (let round = 0; round < 400; round++) {
      const wanted = range();
      const read = parseRange(wanted);
      if ((read !== undefined) !== (semver.validRange(wanted) !== null)) wrong.push({ wanted, read });
      for (let turn = 0; turn < 10; turn++) {
        const [have, other] = [version(), version()];
        if (isIn(have, wanted) !== semver.satisfies(have, wanted)) wrong.push({ have, wanted });
        const order = Math.sign(compareVersions(parseVersion(have) as Version, parseVersion(other) as Version));
        if (order !== semver.compare(have, other)) wrong.push({ have, other, order });
      }
    }
    expect({ seed, wrong }).toEqual({ seed, wrong: [] });
  });
});

test.each([
  "odd",
  "^",
  "1.2.3.4",
  ">=",
  "^1.2 - 2",
  "1 -2 - 3",
  "01.2.3",
  "1.2.3-01",
  "latest",
  "1,2",
  "^1 && ^2",
  "x.3",
  "^1.x.3",
  ">>1",
  `1.2.3-${"a".repeat(300)}`,
  "99999999999999999999.0.0",
])("%j is no range", (range) => {
  expect(parseRange(range)).toBeUndefined();
});

test.each(["1", "1.2", "v1.2", "1.2.x", "1.02.3", "", "1.2.3-", "1.2.3-a..b", "9007199254740992.0.0"])(
  "%j is no version",
  (version) => {
    expect(parseVersion(version)).toBeUndefined();
  },
);

test("a pre-release is in a range only where one of the same numbers is asked for", () => {
  expect([
    isIn("1.3.0-beta", "^1.2"),
    isIn("1.3.0-beta", "^1.3.0-alpha"),
    isIn("1.4.0-beta", "^1.3.0-alpha"),
    isIn("1.2.3-beta.1+x", "1.2.3-beta.1"),
  ]).toEqual([false, true, false, true]);
});
