import { expect, test } from "vitest";
import { afterPrefix } from "./ranges.ts";

test("the end of a prefix is the first text behind all that begin with it", () => {
  const cases = ["orders/", "a\u{10ffff}", "\ud7ff", "z😀"];
  expect(cases.map(afterPrefix)).toEqual(["orders0", "b", "\ue000", "z😁"]);
  expect([afterPrefix(""), afterPrefix("\u{10ffff}\u{10ffff}")]).toEqual([undefined, undefined]);
});
