import { expect, test } from "vitest";
import { identify, joinPath } from "./identity.ts";

const of = (input: unknown, key?: string) => identify({ kind: "tool", name: "pay", input, key });

test("equal inputs are equal whatever the order of their fields, others are not", () => {
  expect(of({ a: 1, b: 2 })).toBe(of({ b: 2, a: 1 }));
  expect(of({ a: 1 })).not.toBe(of({ a: "1" }));
  expect(of(undefined)).toBe(of(null));
});

test("a plain key is readable, any other is hashed", () => {
  expect(of({}, "order-17")).toBe("tool:pay:=order-17");
  expect(of({}, "an order/17")).toMatch(/^tool:pay:=[0-9a-f]{12}$/);
});

test("names that only look alike after cutting stay apart", () => {
  const name = (text: string) => identify({ kind: "tool", name: text, input: {}, key: "k" });
  expect(name("a/b")).not.toBe(name("a_b"));
  expect(name("x".repeat(40))).not.toBe(name("x".repeat(41)));
});

test("a path is bounded however deep, and differs by parent, name and count", () => {
  let path = "";
  for (let depth = 0; depth < 50; depth++) path = joinPath(path, "tool:pay:0123456789ab", 1);
  expect(path.length).toBeLessThanOrEqual(150);
  const paths = [joinPath(path, "a", 1), joinPath(path, "a", 2), joinPath(`${path}x`, "a", 1), joinPath(path, "b", 1)];
  expect(new Set(paths).size).toBe(4);
});
