import { describe, expect, expectTypeOf, test } from "vitest";
import { defineErrors, fromErrorJson, isMofaError, MofaError, nearest, toErrorJson } from "./error.ts";

const fail = defineErrors({
  "weather.unknown_city": (d: { city: string }) => `No forecast for "${d.city}".`,
  "weather.closed": (_: Record<never, never>) => "The office is closed.",
});

test("the code picks the sentence and types the data", () => {
  expect(fail("weather.unknown_city", { city: "Osl" })).toMatchObject({
    name: "MofaError",
    code: "weather.unknown_city",
    message: 'No forecast for "Osl".',
    retryable: false,
    data: { city: "Osl" },
  });
  expectTypeOf(fail).parameter(0).toEqualTypeOf<"weather.unknown_city" | "weather.closed">();
  // @ts-expect-error the sentence needs the city
  fail("weather.unknown_city", {});
  // @ts-expect-error there is no such code
  fail("weather.unknown_town", { city: "x" });
});

test("a cause, and whether trying again helps, ride along", () => {
  const cause = new Error("socket");
  expect(fail("weather.closed", {}, { cause, retryable: true })).toMatchObject({ cause, retryable: true });
});

test("an error without stack leaves the stacks of others alone", () => {
  expect(fail("weather.closed", {}, { stack: false }).stack).not.toContain("\n");
  expect(new Error("other").stack).toContain("error.test.ts");
});

test("an error of another installed copy is recognised, and by its code", () => {
  class MofaErrorOfAnotherCopy extends Error {
    readonly code = "x.y";
    readonly "@mofa/error" = true;
  }
  const other = new MofaErrorOfAnotherCopy("hm");
  expect([isMofaError(other), isMofaError(other, "x.y"), isMofaError(other, "x.z")]).toEqual([true, true, false]);
  expect([isMofaError(new Error("x")), isMofaError(null), isMofaError("x.y")]).toEqual([false, false, false]);
});

describe("as data", () => {
  test("the chain of causes is in because, what is not ours named as unexpected", () => {
    const error = fail("weather.closed", {}, { cause: new TypeError("boom", { cause: "why" }) });
    expect(toErrorJson(error)).toEqual({
      code: "weather.closed",
      message: "The office is closed.",
      retryable: false,
      data: {},
      because: {
        code: "error.unexpected",
        message: "TypeError: boom",
        retryable: false,
        because: { code: "error.unexpected", message: "why", retryable: false },
      },
    });
  });

  test("survives the way there and back, and there again", () => {
    const json = toErrorJson(
      fail("weather.unknown_city", { city: "x" }, { retryable: true, cause: fail("weather.closed", {}) }),
    );
    const back = fromErrorJson(JSON.parse(JSON.stringify(json)));
    expect(back).toBeInstanceOf(MofaError);
    expect(toErrorJson(back)).toEqual(json);
  });

  test("a cycle of causes ends", () => {
    const error = new Error("a");
    error.cause = error;
    let depth = 0;
    for (let json = toErrorJson(error); json.because !== undefined; json = json.because) depth++;
    expect(depth).toBe(8);
  });

  test.each([
    [{ odd: 1 }, 'A value that is not an error was thrown: {"odd":1}'],
    [undefined, "A value that is not an error was thrown: undefined"],
    [1n, "A value that is not an error was thrown: bigint"],
    ["just text", "just text"],
  ])("whatever was thrown can be said: %s", (thrown, message) => {
    expect(toErrorJson(thrown)).toEqual({ code: "error.unexpected", message, retryable: false });
  });
});

test("the nearest name is found, and none when all are far", () => {
  const known = ["weather", "calendar", "mail"];
  expect(["waether", "Mail", "calender", "rocket"].map((name) => nearest(name, known))).toEqual([
    "weather",
    "mail",
    "calendar",
    undefined,
  ]);
});
