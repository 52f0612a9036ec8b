type Expected = "value" | "value or ]" | "key" | "key or }" | "colon" | "comma or close" | "nothing";

const TOKEN =
  /[\t\n\r ]*(?:([{}[\],:])|("(?:[^"\\\p{Cc}]|\\(?:["\\/bfnrt]|u[\da-fA-F]{4}))*")|(-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\w.])|(?:true|false|null)(?!\w)))/uy;

/** Finds the first place where a text stops being JSON: JSON.parse tells it for some errors only. */
export function findJsonError(text: string): number {
  const open: string[] = [];
  let expected: Expected = "value";
  let position = 0;
  for (;;) {
    TOKEN.lastIndex = position;
    const match = TOKEN.exec(text);
    const token = match?.[1] ?? (match?.[2] === undefined ? "scalar" : "string");
    const next: Expected | undefined = match === null ? undefined : follow(expected, token, open);
    if (next === undefined) return position + (/^[\t\n\r ]*/.exec(text.slice(position))?.[0].length ?? 0);
    expected = next;
    position = TOKEN.lastIndex;
  }
}

/** What may come after a token; undefined when the token may not come here. */
function follow(expected: Expected, token: string, open: string[]): Expected | undefined {
  const after = (): Expected => (open.length === 0 ? "nothing" : "comma or close");
  if (expected === "colon") return token === ":" ? "value" : undefined;
  if (expected === "comma or close" && token === ",") return open.at(-1) === "{" ? "key" : "value";
  if (token === "}" || token === "]") {
    const closes = expected === "comma or close" || expected === (token === "}" ? "key or }" : "value or ]");
    if (!closes || open.pop() !== (token === "}" ? "{" : "[")) return undefined;
    return after();
  }
  if (expected === "key" || expected === "key or }") return token === "string" ? "colon" : undefined;
  if (expected !== "value" && expected !== "value or ]") return undefined;
  if (token === "{" || token === "[") {
    open.push(token);
    return token === "{" ? "key or }" : "value or ]";
  }
  return token === "string" || token === "scalar" ? after() : undefined;
}

/** Whether a JSON text, whose value has so many fields, gives one of them twice: then it has more names than that. */
export function repeatsNames(text: string, fields: number): boolean {
  return countColonsAfterQuotes(text) !== fields && countNames(text) !== fields;
}

/**
 * Counts what looks like a name: at least as many as there are, because colons inside of texts count too. Not known (-1)
 * where a colon comes after a space, which is no name's end in what programs write.
 */
function countColonsAfterQuotes(text: string): number {
  let count = 0;
  for (let at = text.indexOf(":"); at >= 0; at = text.indexOf(":", at + 1)) {
    const before = text.charCodeAt(at - 1);
    if (before === QUOTE) count++;
    else if (before <= SPACE) return -1;
  }
  return count;
}

function countNames(text: string): number {
  let names = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    if (unit === COLON) names++;
    else if (unit === QUOTE) at = endOfText(text, at);
  }
  return names;
}

const SPACE = 32;
const QUOTE = 34;
const COLON = 58;
const BACKSLASH = 92;

/** Where the text ends that begins here. */
function endOfText(text: string, start: number): number {
  for (let end = text.indexOf('"', start + 1); ; end = text.indexOf('"', end + 1)) {
    let before = end - 1;
    while (text.charCodeAt(before) === BACKSLASH) before--;
    // An even number of backslashes are written-out ones; an odd one escapes the quote.
    if ((end - before) % 2 === 1) return end;
  }
}
