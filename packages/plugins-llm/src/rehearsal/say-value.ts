// Says what a tool answered in sentences made of the answer's own fields.
import type { ToolAnswer } from "./conversation.ts";
import { sentencesOf } from "./find.ts";
import { sayName, wordsOf } from "./words.ts";

type Fields = Readonly<Record<string, unknown>>;

const STATUS = /^(status|state|condition)$/i;
const LABEL = /^(item|title|product|subject|label|name|article)$/i;
const SECRET = /password|secret|token|e-?mail|phone|iban|customer|address$/i;
const PROOF = /^(found|ok|success|successful|version|type|kind|currency)$/i;
const PLACE = /^(where|location|place)$/i;
const DAY = /^(\d{4})-(\d{2})-(\d{2})(?:T[\d:.]+(?:Z|[+-]\d{2}:?\d{2})?)?$/;
const DAYS = /\b\d{4}-\d{2}-\d{2}(?:T[\d:.]+(?:Z|[+-]\d{2}:?\d{2})?)?(?![\w-])/g;
const MONTHS = "January February March April May June July August September October November December".split(" ");
const LONGEST = 400;

/** Says the answer of one tool; `today` lets the year of a date be left out. */
export function sayAnswer(answer: ToolAnswer, today: string | undefined): string {
  const noun = nounOf(answer.name);
  if (answer.failed) return `I could not look at the ${noun}: ${failureOf(answer.value)}`;
  return sayValue(answer.value, { noun, today, id: idIn(answer.input) });
}

export interface Manner {
  /** What the value is: `order`. */
  readonly noun: string;
  readonly today: string | undefined;
  /** What it was asked for by. */
  readonly id?: string | undefined;
}

/** Says any value in a sentence or two. */
export function sayValue(value: unknown, manner: Manner): string {
  if (value === null || value === undefined || value === "")
    return `I found no ${manner.noun}${manner.id === undefined ? "" : ` ${manner.id}`}.`;
  if (Array.isArray(value)) return sayList(value, manner);
  if (typeof value === "object") return sayFields(value as Fields, manner);
  return typeof value === "string"
    ? full(firstPart(value))
    : `The ${manner.noun} is ${sayScalar(value, manner.today)}.`;
}

function sayList(list: readonly unknown[], { noun, today, id }: Manner): string {
  if (list.length === 0) return `I found no ${noun}${id === undefined ? "" : ` for ${id}`}.`;
  if (list.length === 1) return sayValue(list[0], { noun, today });
  const shown = list.slice(0, 3).map((item) => (isFields(item) ? sayShort(item, noun, today) : sayScalar(item, today)));
  const more = list.length > 3 ? ` and ${list.length - 3} more` : "";
  return `I found ${list.length} ${noun}s: ${shown.join("; ")}${more}.`;
}

// A field that is already a sentence says it better than its name would; an object inside is a thing of its own.
function sayFields(fields: Fields, manner: Manner): string {
  const told = Object.entries(fields).filter(([name, value]) => isTold(name, value));
  const sentences = told.filter(([, value]) => isSentence(value)).map(([, value]) => full(firstPart(String(value))));
  const plain = told.filter(([, value]) => !isSentence(value) && !isFields(value));
  if (fields["found"] === false || (plain.length <= 2 && sentences.length > 0)) {
    return sentences.length > 0 ? sentences.join(" ") : sayValue(null, manner);
  }
  const inner = told
    .filter(([, value]) => isFields(value))
    .map(([name, value]) => sayInner(name, value as Fields, manner));
  const main = plain.length === 0 && inner.length > 0 ? "" : sayMain(plain, subjectOf(plain, manner), manner);
  return [main, ...inner, ...sentences].filter((part) => part !== "").join(" ");
}

function sayInner(name: string, fields: Fields, manner: Manner): string {
  const plain = Object.entries(fields).filter(([inner, value]) => isTold(inner, value) && !isFields(value));
  return plain.length === 0 ? "" : sayMain(plain, `The ${sayName(name)}`, { ...manner, noun: sayName(name) });
}

function sayMain(fields: readonly Field[], subject: string, { noun, today }: Manner): string {
  const identity = fields.filter(([name, value]) => isShort(value) && (isId(name, noun) || LABEL.test(name)));
  const others = fields.filter((field) => !identity.includes(field));
  const status = others.find(([name, value]) => isShort(value) && (STATUS.test(name) || name.toLowerCase() === noun));
  const place = others.find(([name, value]) => isShort(value) && PLACE.test(name));
  const said = others
    .filter((field) => field !== status && field !== place)
    .map(([name, value]) => sayField(name, value, today));
  const details = said.filter(({ detail }) => detail).map(({ words }) => words);
  const facts = said.filter(({ detail }) => !detail).map(({ words }) => words);
  const where = place === undefined ? "" : ` (${sayScalar(place[1], today)})`;
  const is = status === undefined ? "" : ` is ${sayScalar(status[1], today)}`;
  if (is === "" && details.length === 0 && where === "") {
    const quiet = subject.replace(/^(Your|The) /, (word) => word.toLowerCase());
    return full(facts.length === 0 ? `I found ${quiet}` : `For ${quiet}, ${listed(facts)}`);
  }
  const head =
    is === ""
      ? `${subject}${where}${details.length === 0 ? "" : `: ${details.join(", ")}`}`
      : [`${subject}${is}${where}`, ...details].join(", ");
  return facts.length === 0 ? full(head) : `${full(head)} ${full(capital(listed(facts)))}`;
}

interface Said {
  readonly words: string;
  /** Reads well behind a comma, without a verb. */
  readonly detail: boolean;
}

function sayField(name: string, value: unknown, today: string | undefined): Said {
  const words = sayName(name);
  if (typeof value === "boolean") return { words: value ? `it is ${words}` : `it is not ${words}`, detail: false };
  if (typeof value === "string" && DAY.test(value))
    return { words: `${words.replace(/ (at|on|date)$/, "")} ${sayDay(value, today)}`, detail: true };
  if (Array.isArray(value))
    return {
      words: `the ${words} are ${listed(value.slice(0, 5).map((item) => (isFields(item) ? sayShort(item, words, today) : sayScalar(item, today))))}`,
      detail: false,
    };
  return { words: `the ${words} is ${sayScalar(value, today)}`, detail: false };
}

function sayShort(fields: Fields, noun: string, today: string | undefined): string {
  const flat = Object.entries(fields)
    .filter(([name, value]) => isTold(name, value))
    .slice(0, 6);
  const id = flat.find(([name]) => isId(name, noun))?.[1];
  const label = flat.find(([name]) => LABEL.test(name))?.[1];
  const status = flat.find(([name]) => STATUS.test(name))?.[1];
  const named = [id, label].filter((part) => part !== undefined).map((part) => sayScalar(part, today));
  const parts = named.length === 0 ? flat.slice(0, 2).map(([, value]) => sayScalar(value, today)) : named;
  return `${parts.join(" ")}${status === undefined ? "" : ` (${sayScalar(status, today)})`}`;
}

type Field = readonly [string, unknown];

// What is empty, private or only proof of success is not said.
function isTold(name: string, value: unknown): boolean {
  if (value === null || value === undefined || value === "" || SECRET.test(name) || PROOF.test(name)) return false;
  return !Array.isArray(value) || value.length > 0;
}

function subjectOf(fields: readonly Field[], { noun, id }: Manner): string {
  const own = text(fields.find(([name, value]) => isId(name, noun) && isShort(value))?.[1]);
  const label = text(fields.find(([name, value]) => LABEL.test(name) && isShort(value))?.[1]);
  // "order: A-1003" in what tells of a parcel is the order's number, not the parcel's.
  const owner = fields.find(([name]) => isId(name, noun))?.[0];
  const other = owner !== undefined && /^(order|ticket|invoice|booking)$/i.test(owner) && owner.toLowerCase() !== noun;
  const known = own ?? id;
  const number = known === undefined ? "" : other ? ` of ${owner?.toLowerCase()} ${known}` : ` ${known}`;
  return `${other ? "The" : "Your"} ${noun}${number}${label === undefined ? "" : ` (${label})`}`;
}

// `find_order` and `orders.get` speak of an order.
function nounOf(tool: string): string {
  const verbs = new Set(
    "find get look up lookup search list read fetch track show tell check by id all for shop query status details info issue create update cancel send".split(
      " ",
    ),
  );
  const nouns = wordsOf(tool).filter((word) => !verbs.has(word));
  const noun = nouns.at(-1) ?? "result";
  return noun.replace(/ies$/, "y").replace(/([^s])s$/, "$1");
}

function isId(name: string, noun: string): boolean {
  const plain = wordsOf(name).join(" ");
  return (
    /^(id|number|no|code|key|order|ticket|invoice|booking|sku)$/.test(plain) ||
    plain === `${noun} id` ||
    plain === `${noun} number`
  );
}

function idIn(input: unknown): string | undefined {
  if (!isFields(input)) return undefined;
  const found = Object.entries(input).find(
    ([name, value]) => isId(name, "") && (typeof value === "string" || typeof value === "number"),
  );
  return text(found?.[1]);
}

function failureOf(value: unknown): string {
  const error = isFields(value) && isFields(value["error"]) ? value["error"] : value;
  const told = isFields(error) ? error["message"] : error;
  return full(firstPart(typeof told === "string" ? told : "it failed"));
}

// A day in words: `24 November 2026`, without the year when it is this one.
function sayDay(day: string, today: string | undefined): string {
  const [, year = "", month = "", date = ""] = DAY.exec(day) ?? [];
  const words = `${Number(date)} ${MONTHS[Number(month) - 1] ?? month}`;
  return today?.startsWith(year) === true ? words : `${words} ${year}`;
}

function sayScalar(value: unknown, today: string | undefined): string {
  if (typeof value === "string") return value.replace(DAYS, (day) => sayDay(day, today)).replaceAll("_", " ");
  if (typeof value === "boolean") return value ? "yes" : "no";
  return isFields(value) ? sayShort(value, "entry", today) : String(value);
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isShort(value: unknown): boolean {
  return (typeof value === "string" && value.length <= 80) || typeof value === "number";
}

function isSentence(value: unknown): boolean {
  return typeof value === "string" && value.split(/\s+/).length >= 6;
}

function text(value: unknown): string | undefined {
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

function firstPart(value: string): string {
  if (value.length <= LONGEST) return value.trim();
  let part = "";
  for (const sentence of sentencesOf(value)) {
    if (part.length + sentence.length > LONGEST) break;
    part = `${part} ${sentence}`;
  }
  return part === "" ? `${value.slice(0, LONGEST).trim()} …` : part.trim();
}

function listed(parts: readonly string[]): string {
  return parts.length < 2 ? (parts[0] ?? "") : `${parts.slice(0, -1).join(", ")} and ${parts.at(-1)}`;
}

function capital(words: string): string {
  return words.charAt(0).toUpperCase() + words.slice(1);
}

function full(words: string): string {
  return /[.!?…]$/.test(words) ? words : `${words}.`;
}
