import { scriptedModel, testKernel } from "@mofa/kernel/testing";
import { expect, test } from "vitest";
import { rehearsal } from "../rehearsal/rehearsal.ts";
import { openai } from "./openai.ts";

const PRICES = { small: { input: 1, output: 2, cachedInput: 0.5 }, large: { input: 10, output: 20 } };

test("a provider knows beforehand what the model that is named costs, and guesses at no other", async () => {
  await using kernel = await testKernel(openai({ models: ["small", "odd"], prices: PRICES }));
  const model = kernel.get("model", "openai");
  expect([undefined, "openai", "large", "odd"].map((name) => model.price?.(name))).toEqual([
    PRICES.small,
    PRICES.small,
    PRICES.large,
    undefined,
  ]);
});

test("a budget without any money lets the rehearsal answer, and no model whose price is unknown", async () => {
  await using kernel = await testKernel(rehearsal());
  const ask = { messages: [{ role: "user", text: "hello" }] } as const;
  const budget = { cost: 0 };
  expect(await kernel.invoke(kernel.get("model", "rehearsal"), ask, { budget })).toMatchObject({ rehearsal: true });
  const refused = kernel.invoke(scriptedModel(["hi"]), ask, { budget });
  await expect(refused).rejects.toMatchObject({ code: "budget.exceeded", data: { what: "cost" } });
});
