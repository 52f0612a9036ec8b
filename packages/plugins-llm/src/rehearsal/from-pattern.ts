// Writes a text that a simple regular expression accepts: literals, classes, groups, alternatives, quantifiers, anchors.
// What it cannot read (look-around, back references) gives undefined; the caller checks every text it gets.

interface Reader {
  readonly pattern: string;
  at: number;
  /** How often more than necessary an unbounded part is repeated: how texts grow to a wanted length. */
  readonly extra: number;
}

class Unreadable {}

/** A text that the pattern accepts, or undefined. */
export function fromPattern(pattern: string, extra: number): string | undefined {
  const reader: Reader = { pattern, at: 0, extra };
  try {
    const text = readAlternatives(reader);
    return reader.at === pattern.length && new RegExp(pattern, "u").test(text) ? text : undefined;
  } catch (error) {
    if (error instanceof Unreadable) return undefined;
    throw error;
  }
}

function readAlternatives(reader: Reader): string {
  const first = readSequence(reader);
  while (peek(reader) === "|") {
    reader.at++;
    readSequence(reader);
  }
  return first;
}

function readSequence(reader: Reader): string {
  let text = "";
  for (let next = peek(reader); next !== "" && next !== "|" && next !== ")"; next = peek(reader)) {
    const part = readPart(reader);
    text += part.repeat(readTimes(reader));
  }
  return text;
}

function readPart(reader: Reader): string {
  const next = reader.pattern.charAt(reader.at++);
  switch (next) {
    case "^":
    case "$":
      return "";
    case ".":
      return "a";
    case "[":
      return readClass(reader);
    case "(":
      return readGroup(reader);
    case "\\":
      return readEscape(reader);
    default:
      return next;
  }
}

function readGroup(reader: Reader): string {
  const head = /^\?(?::|<[A-Za-z]\w*>)/.exec(reader.pattern.slice(reader.at));
  if (head !== null) reader.at += head[0].length;
  else if (peek(reader) === "?") throw new Unreadable();
  const text = readAlternatives(reader);
  if (peek(reader) !== ")") throw new Unreadable();
  reader.at++;
  return text;
}

function readEscape(reader: Reader): string {
  const next = reader.pattern.charAt(reader.at++);
  const known: Readonly<Record<string, string>> = {
    d: "1",
    w: "a",
    s: " ",
    D: "a",
    W: "-",
    S: "a",
    b: "",
    n: "\n",
    t: "\t",
  };
  if (next === "p" || next === "P") {
    const property = /^\{([^}]*)\}/.exec(reader.pattern.slice(reader.at));
    if (property === null) throw new Unreadable();
    reader.at += property[0].length;
    return next === "P"
      ? "-"
      : /^(Lu|Uppercase)/.test(property[1] ?? "")
        ? "A"
        : /^N/.test(property[1] ?? "")
          ? "1"
          : "a";
  }
  if (/[1-9ukxcB]/.test(next)) throw new Unreadable();
  return known[next] ?? next;
}

// One character of a class; of a negated one, the first plain character that the class itself accepts.
function readClass(reader: Reader): string {
  const body = /^(?:\\.|[^\]\\])*\]/.exec(reader.pattern.slice(reader.at));
  if (body === null) throw new Unreadable();
  reader.at += body[0].length;
  const shape = new RegExp(`^[${body[0]}$`, "u");
  const found = [..."aA10-_ .,:/@#+x%zZ9"].find((character) => shape.test(character)) ?? firstIn(shape);
  if (found === undefined) throw new Unreadable();
  return found;
}

function firstIn(shape: RegExp): string | undefined {
  for (let code = 32; code < 1024; code++) if (shape.test(String.fromCharCode(code))) return String.fromCharCode(code);
  return undefined;
}

function readTimes(reader: Reader): number {
  const quantifier = /^(?:([*+?])|\{(\d+)(,(\d*))?\})\??/.exec(reader.pattern.slice(reader.at));
  if (quantifier === null) return 1;
  reader.at += quantifier[0].length;
  const [, sign, least, range, most] = quantifier;
  if (sign === "?") return Math.min(1, reader.extra);
  const start = sign === "*" ? 0 : sign === "+" ? 1 : Number(least);
  const end =
    sign !== undefined || (range !== undefined && most === "") ? Number.POSITIVE_INFINITY : Number(most ?? least);
  return Math.min(end, start + reader.extra);
}

function peek(reader: Reader): string {
  return reader.pattern.charAt(reader.at);
}
