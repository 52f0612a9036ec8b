// Fills values of a JSON Schema from what was said. Only evidence counts: what nobody said is not found.
import type { Json, JsonSchema } from "@mofa/kernel";
import { relatedTo } from "./concepts.ts";
import type { Conversation } from "./conversation.ts";
import { fieldIn } from "./fields.ts";
import { findNumbers } from "./find.ts";
import { findText } from "./find-text.ts";
import { acceptsOf, fieldsOf, isRecursive, typeOf, viewOf } from "./schema-view.ts";
import type { Source, Want } from "./want.ts";
import { stem, termsOf, wordsOf } from "./words.ts";

/** Makes the source of values of a conversation. */
export function toSource(conversation: Conversation, today: string | undefined, used: readonly unknown[] = []): Source {
  const { text, earlier, answers, known } = conversation;
  const values = [...answers]
    .reverse()
    .concat(known)
    .filter(({ failed }) => !failed);
  return { texts: [text, ...earlier], answers: values.map(({ value }) => value), today, used };
}

/** Fills the input of a tool, and names what is required and was not found. */
export function fillInput(
  schema: JsonSchema,
  source: Source,
): { readonly input: JsonSchema; readonly missing: readonly string[] } {
  const filled = fillObject(
    { name: "", schema: viewOf(schema, schema).schema, root: schema, required: true, path: [] },
    source,
  );
  return { input: filled.value, missing: filled.missing };
}

/** Finds one value, or gives undefined. */
export function findValue(want: Want, source: Source): Json | undefined {
  const { schema, path } = viewOf(want.schema, want.root, want.path);
  // What is said is never as deep as a recursive schema.
  if (isRecursive({ path })) return undefined;
  const seen = { ...want, schema, path };
  if (schema["const"] !== undefined) return want.required ? schema["const"] : undefined;
  const accepts = acceptsOf(schema, want.root);
  const found = findByForm(seen, source, accepts);
  if (found !== undefined && accepts(found)) return found;
  const fallback = schema["default"];
  if (want.required && fallback !== undefined && accepts(fallback)) return fallback;
  return want.required && isNullable(schema) && accepts(null) ? null : undefined;
}

function findByForm(want: Want, source: Source, accepts: (value: unknown) => boolean): Json | undefined {
  const { schema, root, path } = want;
  const branches = schema["anyOf"] ?? schema["oneOf"];
  if (Array.isArray(branches)) {
    for (const branch of branches) {
      const found = findValue({ ...want, schema: viewOf(branch, root, path).schema, required: false }, source);
      if (found !== undefined && found !== null) return found;
    }
    return undefined;
  }
  if (Array.isArray(schema["enum"])) return findOption(schema["enum"], source, want);
  switch (typeOf(schema)) {
    case "integer":
    case "number":
      return findNumber(want, source, accepts);
    case "boolean":
      return findBoolean(want, source);
    case "array":
      return findList(want, source);
    case "object": {
      const { value, missing } = fillObject(want, source);
      return missing.length === 0 && Object.keys(value).length > 0 ? value : undefined;
    }
    case "string":
      return findText(want, source, accepts);
    default:
      return undefined;
  }
}

function fillObject(
  { schema, root, path }: Want,
  source: Source,
): { readonly value: JsonSchema; readonly missing: string[] } {
  const value: Record<string, Json> = {};
  const missing: string[] = [];
  const { properties, required } = fieldsOf(schema);
  for (const [name, part] of properties) {
    const view = viewOf(part, root, path);
    const found = findValue(
      { name, schema: view.schema, root, required: required.includes(name), path: view.path },
      source,
    );
    if (found !== undefined) value[name] = found;
    else if (required.includes(name)) missing.push(name);
  }
  return { value, missing };
}

/** Chooses the option that the newest text speaks of: by its own words, or by what means the same. */
export function findOption(options: readonly Json[], source: Source, want: Pick<Want, "name">): Json | undefined {
  const known = fieldIn(source, want.name);
  const direct = options.find((option) => option === known && option !== null);
  for (const text of source.texts) {
    const scored = options.map((option) => ({ option, score: optionScore(option, text, want.name) }));
    const best = scored.reduce((left, right) => (right.score > left.score ? right : left), {
      option: direct ?? null,
      score: 0,
    });
    if (best.score > 0) return best.option;
  }
  return direct;
}

function optionScore(option: Json, text: string, name: string): number {
  if (option === null || typeof option === "object") return 0;
  const words = wordsOf(String(option)).map(stem);
  const terms = termsOf(text);
  // "topic refund" names the option outright, whatever else the text speaks of.
  const named = new RegExp(
    `\\b${literal(wordsOf(name).join("[\\s_-]*"))}\\W{1,3}(?:is\\s|of\\s)?${literal(String(option))}\\b`,
    "i",
  ).test(text);
  const whole = words.length > 0 && words.every((word) => terms.includes(word));
  const near = words.flatMap(relatedTo).filter((word) => terms.includes(word)).length;
  return (named ? 100 : 0) + (whole ? 10 : 0) + near;
}

function findNumber({ name, schema }: Want, source: Source, accepts: (value: unknown) => boolean): number | undefined {
  const known = fieldIn(source, name);
  const words = [...wordsOf(name), ...wordsOf(String(schema["description"] ?? ""))].map(stem);
  for (const text of source.texts) {
    const numbers = findNumbers(text).filter(({ value }) => accepts(value) && !source.used.includes(value));
    const scored = numbers.map((number) => ({ value: number.value, score: nearness(number, words, name) }));
    const best = scored.toSorted((left, right) => right.score - left.score)[0];
    if (best !== undefined && (best.score > 0 || typeof known !== "number")) return best.value;
  }
  return typeof known === "number" && accepts(known) ? known : undefined;
}

// "3 days", "days: 3" and "€45.50" say what a number is; among numbers that say nothing the first is taken.
function nearness(
  { before, after }: { before: string; after: string },
  words: readonly string[],
  name: string,
): number {
  const behind = termsOf(after)
    .slice(0, 2)
    .some((word) => words.includes(word));
  const ahead = termsOf(before)
    .slice(-2)
    .some((word) => words.includes(word));
  const money = /[$€£]\s?$/.test(before) || /^\s?(?:[$€£]|euros?|dollars?|usd|eur)/i.test(after);
  const isMoney = /amount|price|total|cost|sum|budget|refund|pay/i.test(name);
  return (
    (behind ? 2 : 0) +
    (ahead ? 2 : 0) +
    (money === isMoney ? 0.5 : 0) +
    (money && isMoney ? 3 : 0) -
    (money && !isMoney ? 3 : 0)
  );
}

function findBoolean({ name, required }: Want, source: Source): boolean | undefined {
  const known = fieldIn(source, name);
  if (typeof known === "boolean") return known;
  const words = wordsOf(name)
    .filter((word) => !/^(is|has|with|include|includes|should)$/.test(word))
    .map(stem);
  for (const text of source.texts) {
    const terms = termsOf(text);
    if (words.length === 0 || !words.every((word) => terms.includes(word))) continue;
    return !new RegExp(`\\b(?:no|not|without|never|don't|isn't)\\b[^.!?]{0,24}${literal(words[0] ?? "")}`, "i").test(
      text,
    );
  }
  // What nobody asked for is not wanted.
  return required ? false : undefined;
}

function findList(want: Want, source: Source): Json | undefined {
  const { schema, root, path, name } = want;
  const view = viewOf(schema["items"], root, path);
  const singular = name.replace(/ies$/, "y").replace(/s$/, "");
  const most = typeof schema["maxItems"] === "number" ? schema["maxItems"] : 20;
  const items: Json[] = [];
  // Each found value is put aside, so that the next one is another.
  while (items.length < most) {
    const rest = { ...source, answers: [], used: [...source.used, ...items] };
    const item = findNext(
      { ...want, name: singular, schema: view.schema, path: view.path, required: false },
      rest,
      items,
    );
    if (item === undefined || items.includes(item)) break;
    items.push(item);
  }
  const known = fieldIn(source, name);
  if (items.length === 0 && Array.isArray(known)) return known as Json;
  return items.length === 0 ? undefined : items;
}

function findNext(want: Want, source: Source, taken: readonly Json[]): Json | undefined {
  const options = want.schema["enum"];
  if (!Array.isArray(options))
    return typeOf(want.schema) === "object" && taken.length > 0 ? undefined : findValue(want, source);
  const text = source.texts[0] ?? "";
  return options.find((option) => !taken.includes(option) && optionScore(option, text, want.name) >= 10);
}

function isNullable({ type }: JsonSchema): boolean {
  return Array.isArray(type) && type.includes("null");
}

function literal(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
}
