import { expect, test } from "vitest";
import { type Embedder, embedAll } from "./embedder.ts";
import { lexicalEmbedder } from "./lexical-embedder.ts";

/** How near two texts are: the cosine of their vectors. */
async function near(left: string, right: string, embedder: Embedder = lexicalEmbedder()): Promise<number> {
  const [a = [], b = []] = await embedder.embed([left, right]);
  return a.reduce((sum, number, at) => sum + number * (b[at] ?? 0), 0);
}

test("the numbers are the same everywhere and for ever: kept vectors are compared with them", async () => {
  const [vector = []] = await lexicalEmbedder({ dimensions: 8 }).embed(["Grüße aus Oslo"]);
  expect(vector.map((number) => number.toFixed(6))).toEqual([
    "-0.397996",
    "-0.417595",
    "0.500574",
    "0.315017",
    "-0.147152",
    "-0.050643",
    "-0.417595",
    "0.344675",
  ]);
});

test("a vector has length 1 and as many numbers as were asked for; a text without words is nothing", async () => {
  const embedder = lexicalEmbedder({ dimensions: 100 });
  const [vector = [], ...blank] = await embedder.embed(["some words of a text", "", "?! …"]);
  expect([vector.length, Math.hypot(...vector)]).toEqual([100, expect.closeTo(1, 12)]);
  expect(blank).toEqual([new Array(100).fill(0), new Array(100).fill(0)]);
});

test.each([
  ["another ending", "cancelled contracts", "contract cancellation"],
  ["a typing mistake", "the accommodation", "acomodation"],
  ["case and accents", "CAFÉ ZÜRICH", "cafe zurich"],
  ["a part of a sentence without spaces", "我们在奥斯陆见面", "奥斯陆"],
])("%s is near, and something else is not", async (_name, left, right) => {
  const floor = lexicalEmbedder().floor ?? 0;
  expect(await near(left, right)).toBeGreaterThan(2 * floor);
  expect(await near(left, "thunderstorms frighten her dog")).toBeLessThan(floor);
});

test.each<[string, readonly (readonly number[])[]]>([
  ["too few vectors", []],
  ["too few numbers", [[1]]],
  ["what is no number", [[1, Number.NaN]]],
])("an embedder that answers with %s is named and nothing is made of it", async (_name, answer) => {
  const embedder: Embedder = { name: "odd", dimensions: 2, embed: async () => answer };
  await expect(embedAll(embedder, ["x"])).rejects.toMatchObject({
    code: "embedder.bad_vectors",
    message: expect.stringContaining('"odd"'),
  });
});
