// Finds things in what people write. Every function is pure and gives what it found in the order of the text.

/** Something found, and where. */
export interface Found<T> {
  readonly value: T;
  readonly at: number;
  readonly end: number;
}

/** Order numbers and their like: letters and digits in one word (`A-1001`, `INV2044`), or what stands behind `#`. */
export function findCodes(text: string): readonly Found<string>[] {
  const shapes =
    /(?<![\w-])(?=[\w-]{0,40}\d)(?=[\w-]{0,40}[A-Za-z])[A-Za-z0-9]+(?:[-_][A-Za-z0-9]+)*\b|#\s?([\w-]{0,40}\d[\w-]*)/g;
  return all(blank(text, [EMAIL, URL_SHAPE, ISO_DATE]), shapes, (match) =>
    MEASURE.test(match[0]) ? undefined : (match[1] ?? match[0]),
  );
}

export function findEmails(text: string): readonly Found<string>[] {
  return all(text, EMAIL, ([email]) => email);
}

export function findUrls(text: string): readonly Found<string>[] {
  return all(text, URL_SHAPE, ([url]) => url.replace(/[.,;:!?)]+$/, ""));
}

/** What stands in quotes, of any kind. */
export function findQuoted(text: string): readonly Found<string>[] {
  return all(text, /"([^"\n]+)"|“([^”\n]+)”|«([^»\n]+)»|(?<!\w)'([^'\n]+)'(?!\w)/g, (match) =>
    match.slice(1).find((part) => part !== undefined),
  );
}

/** Words that begin with a capital inside a sentence, joined where they stand together: names of people and places. */
export function findNames(text: string): readonly Found<string>[] {
  const names = /(?<=[\p{Ll},] )\p{Lu}[\p{Ll}]+(?:[ -]\p{Lu}[\p{Ll}]+)*/gu;
  return all(text, names, ([name]) =>
    MONTH_OF.has(name.slice(0, 3).toLowerCase()) || DAYS.test(name) ? undefined : name,
  );
}

/** Numbers that are not part of a date, a code or an address, with what stands before and after. */
export function findNumbers(
  text: string,
): readonly (Found<number> & { readonly before: string; readonly after: string })[] {
  const plain = blank(text, [
    EMAIL,
    URL_SHAPE,
    ISO_DATE,
    DATE_WORDS,
    TIME,
    /#\s?[\w-]*\d[\w-]*/g,
    /(?<![\w-])[A-Za-z]{1,40}[-_]?\d[\w-]*\b/g,
  ]);
  const found = all(
    plain,
    /(?<![\w.])-?\d{1,3}(?:,\d{3})+(?:\.\d+)?|(?<![\w.])-?\d+(?:[.,]\d+)?(?!\d|st\b|nd\b|rd\b|th\b)/g,
    ([digits]) => toNumber(digits),
  );
  const words = all(
    plain,
    /\b(one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|dozen)\b/gi,
    ([word]) => NUMBER_WORDS[word.toLowerCase()],
  );
  return [...found, ...words]
    .sort((left, right) => left.at - right.at)
    .map((number) => ({
      ...number,
      before: plain.slice(Math.max(0, number.at - 24), number.at),
      after: plain.slice(number.end, number.end + 24),
    }));
}

/** Days as `2026-11-24`. Words like `tomorrow` need to know what day it is; without, they are not found. */
export function findDates(text: string, today?: string): readonly Found<string>[] {
  const year = today?.slice(0, 4);
  const iso = all(text, ISO_DATE, ([date]) => date);
  const worded = all(text, DATE_WORDS, (match) => {
    const [day, month, named] =
      match[1] === undefined ? [match[5], match[4], match[6]] : [match[1], match[2], match[3]];
    const number = MONTH_OF.get((month ?? "").slice(0, 3).toLowerCase());
    const inYear = named ?? year;
    return number === undefined || inYear === undefined ? undefined : `${inYear}-${two(number)}-${two(Number(day))}`;
  });
  const relative =
    today === undefined
      ? []
      : all(text, /\b(today|tomorrow|yesterday)\b/gi, ([word]) => addDays(today, RELATIVE[word.toLowerCase()] ?? 0));
  return [...iso, ...worded, ...relative].sort((left, right) => left.at - right.at);
}

/** Times of day as `14:30`. */
export function findTimes(text: string): readonly Found<string>[] {
  return all(text, TIME, (match) => {
    const hour = Number(match[1] ?? match[4]);
    const noon = (match[3] ?? match[5])?.toLowerCase();
    return `${two(noon === "pm" && hour < 12 ? hour + 12 : noon === "am" && hour === 12 ? 0 : hour)}:${match[2] ?? "00"}`;
  });
}

/** The sentences of a text, without quotation marks of forwarded mail and without lines that only separate. */
export function sentencesOf(text: string): readonly string[] {
  return text
    .replace(/<[^>]+>/g, " ")
    .split(/(?<=[.!?])\s+|\n+/)
    .map((sentence) => sentence.trim())
    .filter((sentence) => /\p{L}{2}/u.test(sentence));
}

// "3rd", "40kg", "10-day": a number with what it counts.
const MEASURE = /^\d+-?(?:[a-z]+)$/i;
// Parts have a longest length, and begin where a word does: without, a long text without spaces takes for ever.
const EMAIL = /(?<![\w.+-])[\w.+-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63})+/g;
const URL_SHAPE = /https?:\/\/[^\s"'<>]+/g;
const ISO_DATE = /\b\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])\b/g;
const MONTHS =
  "(Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)";
const DATE_WORDS = new RegExp(
  `\\b(\\d{1,2})(?:st|nd|rd|th)?(?: of)? ${MONTHS}\\b(?:,? (\\d{4}))?|\\b${MONTHS} (\\d{1,2})(?:st|nd|rd|th)?\\b(?:,? (\\d{4}))?`,
  "g",
);
const TIME = /\b([01]?\d|2[0-3]):([0-5]\d)(?:\s?(am|pm))?\b|\b(?:([1-9]|1[0-2]))\s?(am|pm)\b/gi;
const DAYS = /^(Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day$/;
const MONTH_OF: ReadonlyMap<string, number> = new Map(
  "jan feb mar apr may jun jul aug sep oct nov dec".split(" ").map((name, index) => [name, index + 1]),
);
const RELATIVE: Readonly<Record<string, number>> = { yesterday: -1, today: 0, tomorrow: 1 };
const NUMBER_WORDS: Readonly<Record<string, number>> = {
  one: 1,
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
  seven: 7,
  eight: 8,
  nine: 9,
  ten: 10,
  eleven: 11,
  twelve: 12,
  dozen: 12,
};

function all<T>(text: string, shape: RegExp, read: (match: RegExpExecArray) => T | undefined): Found<T>[] {
  const found: Found<T>[] = [];
  for (const match of text.matchAll(shape)) {
    const value = read(match);
    if (value !== undefined) found.push({ value, at: match.index, end: match.index + match[0].length });
  }
  return found;
}

// Keeps every position, so that what is found stays where it is.
function blank(text: string, shapes: readonly RegExp[]): string {
  return shapes.reduce((rest, shape) => rest.replace(shape, (hit) => " ".repeat(hit.length)), text);
}

// "1,200.50" counts thousands; "45,50" is how most of Europe writes forty-five and a half.
function toNumber(digits: string): number {
  return Number(/,\d{3}(\D|$)/.test(digits) ? digits.replaceAll(",", "") : digits.replace(",", "."));
}

function addDays(day: string, days: number): string {
  return new Date(Date.parse(`${day}T00:00:00Z`) + days * 86_400_000).toISOString().slice(0, 10);
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}
