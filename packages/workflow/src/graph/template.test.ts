import type { Json } from "@mofa/kernel";
import { expect, test } from "vitest";
import { compileTemplate } from "./template.ts";

const values: Readonly<Record<string, Json>> = {
  input: { text: "hi", list: [1, { id: "x" }], "odd key": true, nothing: null },
  skipped: null,
};

test.each<[string, Json, Json]>([
  ["a whole reference keeps its type", "${input.list}", [1, { id: "x" }]],
  ["lists and quoted keys are reached", "${input.list[1].id}", "x"],
  ["odd keys are reached in quotes", '${input["odd key"]}', true],
  ["in a text, JSON is written out", "got ${input.list} from ${input.text}", 'got [1,{"id":"x"}] from hi'],
  ["what is absent is null", "${input.none.deeper[3]}", null],
  ["what was skipped is null, and so is all in it", "${skipped?.text}", null],
  ["null is written as null", "it is ${skipped}", "it is null"],
  ["a prototype is not seen", "${input.constructor}", null],
  ["nor is the length of a text", "${input.text.length}", null],
  ["a doubled dollar is a plain one", "costs $${input.text}", "costs ${input.text}"],
  ["references are found in lists and objects", { a: ["${input.text}", 1, null] }, { a: ["hi", 1, null] }],
  ["other texts stay", "a $ and a { and a }", "a $ and a { and a }"],
  ["spaces are allowed", "${ input.text }", "hi"],
])("%s", (_, template, result) => {
  expect(compileTemplate(template)({ look: (root) => values[root] ?? null })).toEqual(result);
});
