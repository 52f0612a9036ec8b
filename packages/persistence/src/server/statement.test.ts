import { expect, test } from "vitest";
import { compile, expand, inOrder } from "./statement.ts";

const dollar = (index: number) => `$${index + 1}`;

test("names become places, casts stay, and a name that comes twice is given twice", () => {
  const statement = compile("SELECT :a::int8[], x FROM t WHERE a = :b OR b = :a", dollar);
  expect(statement.text).toBe("SELECT $1::int8[], x FROM t WHERE a = $2 OR b = $3");
  expect(inOrder(statement, { a: "1", b: 2 })).toEqual(["1", 2, "1"]);
});

test("a list becomes as many places, and an empty one NULL", () => {
  const made = expand("a IN (:ids) AND b IN (:none) LIMIT :limit", { ids: ["x", ":y"], none: [], limit: 3 }, () => "?");
  expect(made).toEqual({ text: "a IN (?, ?) AND b IN (NULL) LIMIT ?", values: ["x", ":y", 3] });
});
