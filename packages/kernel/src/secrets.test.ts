import { expect, test } from "vitest";
import { createSecrets } from "./secrets.ts";
import { seededRandom } from "./testing/index.ts";

const TOKEN = 'p&ss "w/rd"\n<é> key+1';

function secretsOf(values: Readonly<Record<string, string>>) {
  const secrets = createSecrets();
  for (const [name, value] of Object.entries(values)) secrets.add(name, value);
  return secrets;
}

test("what holds no secret is given back as it is", () => {
  const secrets = secretsOf({ token: TOKEN });
  const clean = { a: [1, "two", { three: null }], error: new Error("nothing to see"), at: 12 };
  expect(secrets.redact(clean)).toBe(clean);
  expect(createSecrets().redact(clean)).toBe(clean);
});

test("values, keys and lists are cleaned however deep, and what went in is left as it was", () => {
  const secrets = secretsOf({ "db.password": "hunter22" });
  const told = { list: [["x", { "key hunter22": "is hunter22, hunter22" }]], n: 5, none: null, absent: undefined };
  const before = structuredClone(told);
  expect(secrets.redact(told)).toEqual({
    list: [["x", { "key [secret db.password]": "is [secret db.password], [secret db.password]" }]],
    n: 5,
    none: null,
    absent: undefined,
  });
  expect(told).toEqual(before);
});

const html = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

test.each([
  ["as it stands", (text: string) => text],
  ["in JSON", (text: string) => JSON.stringify({ text })],
  ["in JSON inside JSON", (text: string) => JSON.stringify(JSON.stringify({ text }))],
  ["in a URL", (text: string) => `https://host/?key=${encodeURIComponent(text)}`],
  ["in a form", (text: string) => new URLSearchParams({ user: "ann", text }).toString()],
  [
    "in a URL with small hex digits",
    (text: string) => encodeURIComponent(text).replace(/%../gu, (b) => b.toLowerCase()),
  ],
  ["in HTML", html],
  ["in JSON in HTML", (text: string) => html(JSON.stringify({ text }))],
  ["in base64", (text: string) => Buffer.from(text).toString("base64")],
  ["in base64url", (text: string) => Buffer.from(text).toString("base64url")],
  ["in basic authorization", (text: string) => Buffer.from(`ann:${text}`).toString("base64")],
  ["in base64 with something around", (text: string) => Buffer.from(`ab${text}cd`).toString("base64")],
])("a secret is found %s", (_name, write) => {
  const text = write(TOKEN);
  const shown = secretsOf({ token: TOKEN }).redact(`before ${text} after`);
  expect(shown).toContain("[secret token]");
  // What is left is what stood around it, and in base64 the signs that it shares with that.
  const left = shown.replace("before ", "").replace(" after", "").replace("[secret token]", "");
  expect(left.length).toBeLessThanOrEqual(write("").length + 6);
});

test("a number is hidden when it is the secret, not when its digits hold it", () => {
  expect(secretsOf({ pin: "1234" }).redact({ pin: 1234, at: 1_712_345_000, text: "0.1234" })).toEqual({
    pin: "[secret pin]",
    at: 1_712_345_000,
    text: "0.[secret pin]",
  });
});

test("of secrets that hold or overlap each other nothing is left", () => {
  const secrets = secretsOf({ short: "abcd", long: "abcdefgh", other: "ghijkl" });
  expect(secrets.redact("abcd abcdefgh abcdefghijkl")).toBe("[secret short] [secret long] [secret long]");
});

test("a circle stays a circle, without the secret", () => {
  const circle: Record<string, unknown> = { token: "hunter22" };
  circle["self"] = circle;
  circle["list"] = [circle];
  const clean = secretsOf({ token: "hunter22" }).redact(circle);
  expect(clean["token"]).toBe("[secret token]");
  expect(clean["self"]).toBe(clean);
  expect((clean["list"] as unknown[])[0]).toBe(clean);
});

test("errors are cleaned with their causes and stay errors; other instances are left alone", () => {
  class Session {
    key = "hunter22";
  }
  const session = new Session();
  const error = Object.assign(new TypeError("bad hunter22", { cause: new Error("of hunter22") }), { key: "hunter22" });
  const clean = secretsOf({ token: "hunter22" }).redact({ session, error });
  expect(clean.session).toBe(session);
  expect(clean.error).toBeInstanceOf(TypeError);
  expect(clean.error).toMatchObject({ message: "bad [secret token]", key: "[secret token]" });
  expect((clean.error.cause as Error).message).toBe("of [secret token]");
  expect(clean.error.stack).not.toContain("hunter22");
  expect(error.message).toBe("bad hunter22");
});

test("a key named __proto__ is a key like others", () => {
  const told: unknown = JSON.parse('{"__proto__":{"polluted":"hunter22"},"a":"hunter22"}');
  const clean = secretsOf({ token: "hunter22" }).redact(told);
  expect(JSON.stringify(clean)).toBe('{"__proto__":{"polluted":"[secret token]"},"a":"[secret token]"}');
  expect(Object.getPrototypeOf(clean)).toBe(Object.prototype);
});

test("depth ends nothing, and what is met often is looked at once", () => {
  const secrets = secretsOf({ token: "hunter22" });
  let deep: unknown = "hunter22";
  for (let level = 0; level < 100_000; level++) deep = [deep];
  let end = secrets.redact(deep);
  while (Array.isArray(end)) end = end[0];
  expect(end).toBe("[secret token]");

  // 2^40 paths lead to the last of these; following each would never end.
  let many: unknown = { last: "clean" };
  for (let level = 0; level < 40; level++) many = [many, many];
  expect(secrets.redact(many)).toBe(many);
});

test("the cost of a large input grows with its size, not with its square", () => {
  const secrets = secretsOf({ token: "hunter22", other: "hunter23hunter" });
  let reads = 0;
  const counted = (size: number) => {
    reads = 0;
    const item = {
      get text() {
        reads++;
        return "hunter2 hunter";
      },
    };
    secrets.redact(Array.from({ length: size }, () => Object.create(null, Object.getOwnPropertyDescriptors(item))));
    return reads;
  };
  expect([counted(1000), counted(10_000)]).toEqual([1000, 10_000]);
});

test("a value that would be found everywhere is refused by name, a value twice is known once", () => {
  const secrets = createSecrets();
  expect(() => secrets.add("pin", "123")).toThrow('The secret "pin" has fewer than 4 characters');
  secrets.add("one", "hunter22");
  secrets.add("two", "hunter22");
  expect([secrets.size, secrets.redact("hunter22")]).toEqual([1, "[secret one]"]);
});

test("a secret added later is hidden from then on", () => {
  const secrets = secretsOf({ first: "hunter22" });
  expect(secrets.redact("hunter22 swordfish")).toBe("[secret first] swordfish");
  secrets.add("second", "swordfish");
  expect(secrets.redact("hunter22 swordfish")).toBe("[secret first] [secret second]");
});

test("whatever signs a secret is made of, no text around it lets it through", () => {
  const seed = Number(process.env["MOFA_SEED"] ?? Math.floor(Math.random() * 1e9));
  const random = seededRandom(seed);
  const signs = [..."ab.*+?^${}()|[]\\/-_=&%<>\"' \n\té𝄞"];
  const text = (length: number) =>
    Array.from({ length }, () => signs[Math.floor(random() * signs.length)] as string).join("");
  for (let round = 0; round < 300; round++) {
    const value = text(4 + Math.floor(random() * 12));
    const secrets = secretsOf({ t: value });
    const told = text(10) + value + text(10) + value;
    for (const shown of [secrets.redact(told), secrets.redact(JSON.stringify([told])), secrets.redact({ told }).told]) {
      expect(shown.includes(value), `MOFA_SEED=${seed}`).toBe(false);
    }
  }
});

test("a text that is cleaned piece by piece comes out as it does in one piece", () => {
  const seed = Number(process.env["MOFA_SEED"] ?? Math.floor(Math.random() * 1e9));
  const random = seededRandom(seed);
  const text = (length: number) => Array.from({ length }, () => (random() < 0.5 ? "a" : "b")).join("");
  for (let round = 0; round < 500; round++) {
    const secrets = secretsOf({ one: text(4 + Math.floor(random() * 4)), two: text(5 + Math.floor(random() * 5)) });
    const whole = text(40);
    let [told, waits] = ["", ""];
    for (let at = 0; at < whole.length; ) {
      const next = at + 1 + Math.floor(random() * 6);
      const here = waits + whole.slice(at, next);
      waits = here.slice(here.length - secrets.unfinished(here));
      told += secrets.redact(here.slice(0, here.length - waits.length));
      at = next;
    }
    expect(told + secrets.redact(waits), `MOFA_SEED=${seed}`).toBe(secrets.redact(whole));
  }
});

test("the end of a text that may begin a secret is known", () => {
  const secrets = secretsOf({ token: "hunter22", other: "terrible" });
  expect(["", "clean", "a hunt", "a hunter2", "a hunter22", "h"].map(secrets.unfinished)).toEqual([0, 0, 4, 7, 0, 1]);
});
