import type { JsonObject, ModelMessage, ModelRequest, ToolDescription } from "@mofa/kernel";
import { expect, test } from "vitest";
import { findCodes, findDates, findNumbers, findTimes } from "./find.ts";
import { rehearse } from "./rehearse.ts";

const ORDER = { type: "string", pattern: "^[A-Z]-\\d{4}$", description: "The order number, like A-1001." };
const tool = (
  name: string,
  description: string,
  properties: JsonObject = {},
  required: readonly string[] = Object.keys(properties),
): ToolDescription => ({
  name,
  description,
  input: { type: "object", properties, required, additionalProperties: false },
});
const findOrder = tool("find_order", "Finds an order by its number: what was bought, when, and its state.", {
  order: ORDER,
});
const policy = tool("shop_policy", "Tells the shop's policy on a topic.", {
  topic: { type: "string", enum: ["refund", "exchange", "delivery"] },
});
const refund = tool("orders.refund", "Pays the money for an order back.", {
  order: ORDER,
  amount: { type: "number", exclusiveMinimum: 0 },
});
const user = (text: string): ModelMessage => ({ role: "user", text });

function plan(text: string, tools: readonly ToolDescription[], more: Partial<ModelRequest> = {}) {
  return rehearse({ messages: [user(text)], tools, ...more }).reply.toolCalls.map(({ name, input }) => ({
    name,
    input,
  }));
}

function fill(text: string, properties: JsonObject, required?: readonly string[]): unknown {
  const [call] = plan(text, [tool("do_it", "Does it.", properties, required)], { toolChoice: "required" });
  return call?.input;
}

// Plays a whole turn: tools answer from a table until the model speaks.
function turn(
  text: string,
  tools: readonly ToolDescription[],
  answers: Readonly<Record<string, (input: JsonObject) => unknown>>,
) {
  const messages: ModelMessage[] = [user(text)];
  const calls: string[] = [];
  for (let round = 0; round < 10; round++) {
    const { reply } = rehearse({ messages, tools }, { today: "2026-11-22" });
    if (reply.toolCalls.length === 0) return { text: reply.text, calls };
    messages.push({ role: "assistant", text: reply.text, toolCalls: reply.toolCalls });
    for (const { id, name, input } of reply.toolCalls) {
      calls.push(`${name} ${JSON.stringify(input)}`);
      messages.push({ role: "tool", call: id, name, text: JSON.stringify(answers[name]?.(input as JsonObject)) });
    }
  }
  throw new Error(`The turn does not end: ${calls.join(", ")}`);
}

test("the same seed and request give the same reply, whatever was asked before", () => {
  const request: ModelRequest = { messages: [user("Hello!")] };
  const first = rehearse(request, { seed: 4 });
  rehearse({ messages: [user("Something else entirely, please.")] }, { seed: 4 });
  expect(rehearse(structuredClone(request), { seed: 4 })).toEqual(first);
  const texts = new Set(Array.from({ length: 20 }, (_, seed) => rehearse(request, { seed }).reply.text));
  expect(texts.size).toBeGreaterThan(1);
});

test("every reply is marked, and its pieces are its text", () => {
  const { reply, pieces } = rehearse({ messages: [user("Tell me about Grüße und 世界 👩‍🚀 and so on.")] });
  expect(reply.rehearsal).toBe(true);
  expect(pieces.join("")).toBe(reply.text);
  expect(reply.usage.inputTokens).toBeGreaterThan(10);
  expect(reply.usage.outputTokens).toBe(Math.ceil(reply.text.length / 4));
});

test("the tool whose words fit best is chosen", () => {
  const weather = tool("weather.now", "Tells the sky and the temperature over a city.", { city: { type: "string" } });
  expect(plan("Will it rain in New York today?", [findOrder, policy, weather])).toEqual([
    { name: "weather.now", input: { city: "New York" } },
  ]);
  expect(plan("What is your policy for a refund?", [findOrder, policy, weather])).toEqual([
    { name: "shop_policy", input: { topic: "refund" } },
  ]);
  expect(plan("Where is order A-1001?", [policy, weather, findOrder])).toEqual([
    { name: "find_order", input: { order: "A-1001" } },
  ]);
  expect(plan("Thank you, that was all.", [policy, weather, findOrder])).toEqual([]);
});

test("a tool that changes something is used only when the change is asked for, with every value said", () => {
  expect(plan("Where is order A-1001, which cost 20 dollars?", [refund])).toEqual([]);
  expect(plan("Please refund $20.50 for order A-1001.", [refund, findOrder])).toEqual([
    { name: "orders.refund", input: { order: "A-1001", amount: 20.5 } },
  ]);
  const { reply, by } = rehearse({ messages: [user("Please refund me $20.")], tools: [refund] });
  expect({ by, calls: reply.toolCalls }).toEqual({ by: "question", calls: [] });
  expect(reply.text).toContain("order number");
});

test("a short answer to a question means what was asked for before it", () => {
  const messages: ModelMessage[] = [
    user("Please refund me $20."),
    { role: "assistant", text: "Could you give me the order number?" },
    user("It is A-1001"),
  ];
  const [call] = rehearse({ messages, tools: [refund] }).reply.toolCalls;
  expect(call).toMatchObject({ name: "orders.refund", input: { order: "A-1001", amount: 20 } });
});

test("tool choice is obeyed, and forcing a tool does not go on for ever", () => {
  expect(plan("Where is order A-1001?", [findOrder], { toolChoice: "none" })).toEqual([]);
  expect(plan("Where is order A-1001?", [findOrder, policy], { toolChoice: { tool: "shop_policy" } })).toMatchObject([
    { name: "shop_policy" },
  ]);
  expect(plan("Hello", [findOrder], { toolChoice: "required" })).toMatchObject([{ name: "find_order" }]);
  const messages: ModelMessage[] = [
    user("Hello"),
    { role: "assistant", text: "", toolCalls: [{ id: "1", name: "find_order", input: {} }] },
    { role: "tool", call: "1", name: "find_order", text: "null" },
  ];
  expect(rehearse({ messages, tools: [findOrder], toolChoice: "required" }).reply.toolCalls).toEqual([]);
});

test("a turn uses one tool after another, never twice the same, and answers from what they said", () => {
  const track = tool("track_parcel", "Tells where the parcel of an order is and when it should arrive.", {
    order: ORDER,
  });
  const answers = {
    find_order: ({ order }: JsonObject) => ({
      order,
      found: true,
      item: "espresso machine",
      total: 489,
      status: "sent",
      customer: "mara@example.org",
    }),
    track_parcel: ({ order }: JsonObject) => ({
      order,
      parcel: "out for delivery",
      where: "depot Leipzig",
      expected: "2026-11-24",
    }),
    shop_policy: ({ topic }: JsonObject) => ({
      topic,
      policy: "Goods can be returned within 30 days of the day they came.",
    }),
  };
  const { text, calls } = turn(
    "Where is the parcel of my order A-1001, and can I get a refund?",
    [findOrder, track, policy],
    answers,
  );
  expect(new Set(calls).size).toBe(calls.length);
  expect(calls).toEqual(expect.arrayContaining(['track_parcel {"order":"A-1001"}', 'shop_policy {"topic":"refund"}']));
  expect(text).toContain("The parcel of order A-1001 is out for delivery (depot Leipzig), expected 24 November.");
  expect(text).toContain("Goods can be returned within 30 days of the day they came.");
  expect(text).not.toContain("mara@example.org");
});

test("a second number in the text is looked up as well", () => {
  const { calls } = turn("Where are my orders A-1001 and B-2002?", [findOrder], {
    find_order: ({ order }) => ({ order, status: "sent" }),
  });
  expect(calls).toEqual(['find_order {"order":"A-1001"}', 'find_order {"order":"B-2002"}']);
});

test("answers are composed of the fields of a result, whatever its shape", () => {
  const say = (value: unknown, failed = false) =>
    rehearse(
      {
        messages: [
          user("?"),
          { role: "assistant", text: "", toolCalls: [{ id: "1", name: "orders.list", input: { id: "A-1" } }] },
          {
            role: "tool",
            call: "1",
            name: "orders.list",
            text: typeof value === "string" ? value : JSON.stringify(value),
            failed,
          },
        ],
      },
      { today: "2026-11-22" },
    ).reply.text;
  expect(say({ id: "A-1001", item: "espresso machine", status: "out_for_delivery", expected: "2026-11-24" })).toBe(
    "Your order A-1001 (espresso machine) is out for delivery, expected 24 November.",
  );
  expect(say({ id: "A-1", status: "sent", ordered: "2025-11-24", total: 12, gift: true, lines: ["cup", "pot"] })).toBe(
    "Your order A-1 is sent, ordered 24 November 2025. The total is 12, it is gift and the lines are cup and pot.",
  );
  expect(
    say([
      { id: "A-1", status: "sent" },
      { id: "A-2", status: "lost" },
    ]),
  ).toBe("I found 2 orders: A-1 (sent); A-2 (lost).");
  expect(say(null)).toBe("I found no order A-1.");
  expect(say([])).toBe("I found no order for A-1.");
  expect(say("The shop opens at nine")).toBe("The shop opens at nine.");
  expect(say(42)).toBe("The order is 42.");
  expect(say({ error: { code: "x", message: "The stock is closed." } }, true)).toBe(
    "I could not look at the order: The stock is closed.",
  );
});

test("values are found in what was said, in the form that the schema asks for", () => {
  const text = { type: "string" };
  expect(
    fill("Book 2 seats for 3 days on 24 November 2026 at 14:30", {
      seats: { type: "integer" },
      days: { type: "integer" },
      date: { type: "string", format: "date" },
      time: { type: "string", format: "time" },
    }),
  ).toEqual({ seats: 2, days: 3, date: "2026-11-24", time: "14:30" });
  expect(
    fill("Write to ann@example.com about https://example.org/a.", {
      to: { type: "string", format: "email" },
      link: { type: "string", format: "uri" },
    }),
  ).toEqual({ to: "ann@example.com", link: "https://example.org/a" });
  expect(fill('Search for "burr grinder" please', { query: text })).toEqual({ query: "burr grinder" });
  expect(fill("Search the shop", { query: text })).toEqual({ query: "Search the shop" });
  expect(fill("A trip from Oslo to New York", { from: text, to: text })).toEqual({ from: "Oslo", to: "New York" });
  expect(
    fill("ticket T-17 of customer C-9 about order 1234", { customerId: text, orderId: text, ticket: text }),
  ).toEqual({ customerId: "C-9", orderId: "1234", ticket: "T-17" });
  expect(fill("Add 3, 4.5 and -2", { numbers: { type: "array", items: { type: "number" } } })).toEqual({
    numbers: [3, 4.5, -2],
  });
  expect(fill("It costs 45,50 € or 1,200.75 dollars", { amount: { type: "number" } })).toEqual({ amount: 45.5 });
  expect(
    fill("urgent, without gift wrap", {
      urgent: { type: "boolean" },
      giftWrap: { type: "boolean" },
      express: { type: "boolean" },
    }),
  ).toEqual({ urgent: true, giftWrap: false, express: false });
  expect(fill("size: large, color is green", { size: { enum: ["small", "large"] }, color: text })).toEqual({
    size: "large",
    color: "green",
  });
  expect(fill("red and blue", { colors: { type: "array", items: { enum: ["red", "green", "blue"] } } })).toEqual({
    colors: ["red", "blue"],
  });
  expect(fill("I send it back because it is too loud.", { reason: text })).toEqual({ reason: "it is too loud" });
  expect(fill("order A-1001", { order: { $ref: "#/x" }, who: { type: ["string", "null"] } }, ["order", "who"])).toEqual(
    { order: "A-1001", who: null },
  );
  expect(
    fill("nothing of use", { limit: { type: "integer", default: 5 }, sku: { type: "string", pattern: "^X\\d+$" } }),
  ).toEqual({ limit: 5 });
  expect(fill("5 and 50", { count: { type: "integer", minimum: 10 } })).toEqual({ count: 50 });
  expect(
    fill("to Ann in Oslo", { address: { type: "object", properties: { city: text }, required: ["city"] } }),
  ).toEqual({ address: { city: "Oslo" } });
});

test("what a tool answered fills the next tool's input", () => {
  const customer = tool("customer.get", "Tells about a customer.", { customerId: { type: "string" } });
  const { calls } = turn("Which customer placed order A-1001?", [findOrder, customer], {
    find_order: ({ order }) => ({ order, customerId: "C-77", status: "sent" }),
    "customer.get": ({ customerId }) => ({ id: customerId, name: "Mara" }),
  });
  expect(calls).toEqual(['find_order {"order":"A-1001"}', 'customer.get {"customerId":"C-77"}']);
});

test("codes, numbers, dates and times are told apart", () => {
  const text = "Order A-1001 of 2026-11-02, the 3rd, 40kg for $12.50 at 5 pm; Nov 24, #88 and a@b-1.org";
  expect(findCodes(text).map(({ value }) => value)).toEqual(["A-1001", "88"]);
  expect(findNumbers(text).map(({ value }) => value)).toEqual([40, 12.5]);
  expect(findDates(text).map(({ value }) => value)).toEqual(["2026-11-02"]);
  expect(findDates(`${text} or tomorrow`, "2026-11-30").map(({ value }) => value)).toEqual([
    "2026-11-02",
    "2026-11-24",
    "2026-12-01",
  ]);
  expect(findTimes(text).map(({ value }) => value)).toEqual(["17:00"]);
});

test("scripts answer first: by words, groups, instructions, tools, step and model", () => {
  const replies = [
    {
      when: { contains: "REFUND", last: "user", tool: "shop_policy" },
      reply: { tools: [{ name: "shop_policy", input: { topic: "refund" } }] },
    },
    { when: { answered: "shop_policy" }, reply: { text: "Within 30 days." } },
    { when: { matches: "my name is (\\w+)" }, reply: { text: "Hello $1, costs $5!" } },
    { when: { system: "poet", model: "verse" }, reply: { output: { lines: ["a", "b"] }, finish: "length" } },
  ] as const;
  const answer = (request: ModelRequest) => rehearse(request, { replies }).reply;
  const first = answer({ messages: [user("a refund?")], tools: [policy] });
  expect(first.toolCalls).toMatchObject([{ name: "shop_policy", input: { topic: "refund" } }]);
  const after: ModelMessage[] = [
    user("a refund?"),
    { role: "assistant", text: "", toolCalls: first.toolCalls },
    { role: "tool", call: first.toolCalls[0]?.id ?? "", name: "shop_policy", text: "{}" },
  ];
  expect(answer({ messages: after, tools: [policy] }).text).toBe("Within 30 days.");
  expect(answer({ messages: [user("Hi, My name is Ann.")] }).text).toBe("Hello Ann, costs $5!");
  expect(answer({ model: "verse", messages: [{ role: "system", text: "You are a poet." }, user("go")] })).toMatchObject(
    { text: '{"lines":["a","b"]}', finish: "length" },
  );
  expect(
    answer({ model: "prose", messages: [{ role: "system", text: "You are a poet." }, user("go")] }).text,
  ).not.toContain("lines");
});

test("maxTokens and stop words end an answer", () => {
  const long = { replies: [{ reply: { text: "one two three four five six seven eight END nine" } }] };
  const answer = (more: Partial<ModelRequest>) => rehearse({ messages: [user("x")], ...more }, long).reply;
  expect(answer({ maxTokens: 3 })).toMatchObject({ text: "one two thre", finish: "length" });
  expect(answer({ stop: ["END", "never"] })).toMatchObject({
    text: "one two three four five six seven eight ",
    finish: "stop",
  });
});

test("what a workflow hands over is told on: labelled lines as a letter, data in sentences", () => {
  const system: ModelMessage = { role: "system", text: "You write the letter to the customer." };
  const { text } = rehearse({
    messages: [
      system,
      user("Findings: Your order A-1 is sent.\nRefund asked: true. Decision: approve. Paid: 79 euros."),
    ],
  }).reply;
  expect(text).toMatch(
    /^Hello,\n\nthank you .*Your order A-1 is sent\. Refund asked: yes\. Decision: approve\. Paid: 79 euros\.\n\nKind regards$/s,
  );
  expect(rehearse({ messages: [user('Sum up: {"id":"A-1","status":"sent"}')] }).reply.text).toBe(
    "Your result A-1 is sent.",
  );
  expect(rehearse({ messages: [user("  ")] }).reply.text).toContain("Nothing was asked");
});

test("texts made to be slow are read in time", () => {
  const parts = ["a", "-a", "a-1", "A ", "1,", "a@", "a.", '"', "Ab Ab: ", "in A", "{", "<", "Order: x. "];
  const started = performance.now();
  for (const part of parts) {
    const text = part.repeat(200_000 / part.length);
    rehearse({ messages: [user(text)], tools: [findOrder, policy, refund] });
    rehearse({
      messages: [user(text)],
      output: {
        name: "o",
        schema: { type: "object", properties: { city: { type: "string" }, mail: { type: "string", format: "email" } } },
      },
    });
  }
  expect(performance.now() - started).toBeLessThan(5000);
});
