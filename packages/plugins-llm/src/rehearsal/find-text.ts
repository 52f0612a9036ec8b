import { fieldIn } from "./fields.ts";
import { type Found, findCodes, findDates, findEmails, findNames, findQuoted, findTimes, findUrls } from "./find.ts";
import type { Source, Want } from "./want.ts";
import { sayName, wordsOf } from "./words.ts";

type Accepts = (value: unknown) => boolean;

// Properties that hold a whole text; what identifies something; and places, with the words that stand before them.
const WHOLE =
  /^(query|question|q|text|message|content|prompt|request|search|term|keywords?|input|description|note|comment|body|details|problem|issue)$/i;
const REASON = /^(reason|why|cause|explanation)$/i;
const CODE = /(^|[a-z_-])(id|ids|number|no|nr|code|ref|reference|key|sku|serial)$/i;
const PLACE = /city|place|location|country|town|region|destination|origin|^from$|^to$/i;
const PERSON = /(^|[a-z_-])name$|person|customer|recipient|author/i;
const THINGS =
  "order ticket customer invoice account user product item case shipment parcel tracking refund booking flight policy".split(
    " ",
  );

/** Finds a text for a property: by its format, its pattern, its name, or what its name says that it holds. */
export function findText(want: Want, source: Source, accepts: Accepts): string | undefined {
  const { name, schema } = want;
  for (const [index, text] of source.texts.entries()) {
    const exact = findExact(want, text, source);
    if (exact !== undefined) return choose(exact, source, accepts);
    const said = firstAccepted([mention(name, text)], accepts);
    if (said !== undefined) return said;
    // What a tool answered in this turn is newer than what was said in an earlier one.
    if (index === 0) {
      const known = fieldIn(source, name);
      if (typeof known === "string" && accepts(known) && !source.used.includes(known)) return known;
    }
    const guessed = schema["pattern"] === undefined ? guess(want, text, source, accepts) : undefined;
    if (guessed !== undefined) return guessed;
  }
  return undefined;
}

// Undefined: nothing says what it looks like. An empty list: it does, and there is none.
function findExact({ name, schema }: Want, text: string, { today }: Source): readonly string[] | undefined {
  const format = schema["format"];
  const values = (found: readonly Found<string>[]) =>
    found.length === 0 ? undefined : found.map(({ value }) => value);
  if (format === "email" || /e-?mail/i.test(name)) return values(findEmails(text));
  if (format === "uri" || format === "url" || /(^|_)(url|link|website)$/i.test(name)) return values(findUrls(text));
  if (format === "time") return values(findTimes(text));
  if (format === "date" || (format === undefined && /(^|_)(date|day)$|Date$/.test(name)))
    return values(findDates(text, today));
  if (format === "date-time") {
    const time = findTimes(text)[0]?.value ?? "00:00";
    return values(findDates(text, today))?.map((day) => `${day}T${time}:00Z`);
  }
  const pattern = schema["pattern"];
  return typeof pattern === "string" ? matching(text, pattern) : undefined;
}

// A pattern is written for the whole value; in a text the value is a word among others.
function matching(text: string, pattern: string): readonly string[] | undefined {
  const test = new RegExp(pattern, "u");
  const words = text.split(/[\s,;()"'“”<>]+/).map((word) => word.replace(/^[#]|[.:!?]+$/g, ""));
  const found = [...words, ...findQuoted(text).map(({ value }) => value)].filter(
    (word) => word !== "" && test.test(word),
  );
  const upper =
    found.length > 0 ? found : words.map((word) => word.toUpperCase()).filter((word) => word !== "" && test.test(word));
  return upper.length === 0 ? undefined : [...new Set(upper)];
}

function choose(found: readonly string[], { used }: Source, accepts: Accepts): string | undefined {
  const good = found.filter(accepts);
  return good.find((value) => !used.includes(value)) ?? (used.length === 0 ? good[0] : undefined);
}

// "city: Oslo", "order number A-1001", `"sku": "X-1"`, "my name is Ann".
function mention(name: string, text: string): string | undefined {
  const words = wordsOf(name).join("[\\s_-]*");
  if (words === "") return undefined;
  const quoted = new RegExp(`\\b${words}["']?\\s*(?:[:=]|is|named|called)\\s*["'“]([^"'”\\n]+)["'”]`, "iu").exec(text);
  if (quoted !== null) return quoted[1];
  const plain = new RegExp(
    `\\b${words}\\s*(?:[:=]|is|number|no\\.?|#)\\s*#?([\\p{L}\\p{N}][\\p{L}\\p{N}_-]*(?: \\p{Lu}[\\p{Ll}]+)*)`,
    "iu",
  ).exec(text);
  return plain?.[1];
}

function guess(want: Want, text: string, source: Source, accepts: Accepts): string | undefined {
  const { name, required } = want;
  if (isCode(want)) return choose(codesFor(name, text), source, accepts);
  if (REASON.test(name))
    return firstAccepted(
      [/\bbecause\s+([^.!?\n]+)/i.exec(text)?.[1]?.trim(), required ? text.trim() : undefined],
      accepts,
    );
  if (PLACE.test(name)) return choose(placesFor(name, text), source, accepts);
  if (PERSON.test(name))
    return choose(
      findNames(text).map(({ value }) => value),
      source,
      accepts,
    );
  if (!required) return undefined;
  const quoted = findQuoted(text).map(({ value }) => value);
  if (WHOLE.test(name))
    return firstAccepted(
      [quoted.length === 1 ? quoted[0] : undefined, text.trim() === "" ? undefined : text.trim()],
      accepts,
    );
  return choose([...quoted, ...findNames(text).map(({ value }) => value)], source, accepts);
}

function isCode({ name, schema }: Want): boolean {
  if (CODE.test(name) || THINGS.includes(name.toLowerCase())) return true;
  return /\b(number|id|code|identifier)\b/i.test(String(schema["description"] ?? "")) && !WHOLE.test(name);
}

// "order A-1001" is no customer number: a code that stands behind the name of another thing belongs to that thing.
function codesFor(name: string, text: string): readonly string[] {
  const own = wordsOf(name).filter((word) => THINGS.includes(word));
  return [...findCodes(text), ...numberedThings(text, own)]
    .filter(({ at }) => {
      const before = wordsOf(text.slice(Math.max(0, at - 24), at))
        .filter((word) => !/^(number|no|nr|id|is|the|my|code)$/.test(word))
        .at(-1);
      return own.length === 0 || before === undefined || own.includes(before) || !THINGS.includes(before);
    })
    .map(({ value }) => value);
}

// "order 1001": digits alone are a number of something only behind its name.
function numberedThings(text: string, things: readonly string[]): readonly Found<string>[] {
  if (things.length === 0) return [];
  const shape = new RegExp(`\\b(?:${things.join("|")})(?: number| no\\.?| id)? #?(\\d{2,})\\b`, "gi");
  return [...text.matchAll(shape)].map((match) => ({
    value: match[1] ?? "",
    at: match.index,
    end: match.index + match[0].length,
  }));
}

function placesFor(name: string, text: string): readonly string[] {
  const behind = (words: string) => {
    const shape = new RegExp(`\\b(?:${words})\\s+(\\p{Lu}[\\p{L}'’-]+(?: \\p{Lu}[\\p{L}'’-]+)*)`, "gu");
    return [...text.matchAll(shape)].map((match) => match[1] ?? "");
  };
  if (/origin|from/i.test(name)) return behind("from");
  if (/destination|^to$/i.test(name)) return behind("to|for|towards");
  // "to Ann in Oslo": what stands behind "in" is a place; behind "to" it may be a person.
  return [...behind("in|at|near|over"), ...behind("to|from|for|of")];
}

function firstAccepted(values: readonly (string | undefined)[], accepts: Accepts): string | undefined {
  return values.find((value): value is string => value !== undefined && accepts(value));
}

/** How to ask for something that is missing: by its description where it has a short one. */
export function sayWanted(name: string, schema: unknown): string {
  const description =
    typeof schema === "object" && schema !== null ? (schema as { description?: unknown }).description : undefined;
  const thing = /^(order|ticket|invoice|booking|tracking)$/i.test(name)
    ? `${name.toLowerCase()} number`
    : sayName(name).replace(/ id$/, " number");
  if (typeof description !== "string" || description.length > 60) return `the ${thing}`;
  return description.replace(/[.,;].*$/, "").replace(/^(The|A|An) /, (article) => article.toLowerCase());
}
