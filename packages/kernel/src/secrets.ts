// Secret values that must not be seen.
//
// 1. What holds no secret is given back as it is: the very same thing, nothing copied.
// 2. A value is found as it stands, and as JSON, a URL, HTML and base64 write it, also in the middle of longer base64.
// 3. Texts, lists, plain objects (keys too) and errors are looked into, circles and great depths included. Instances of
//    other classes are left alone: they may be alive. Whoever turns one into text redacts the text.
// 4. A number is hidden when it is the secret, not when its digits hold it: times and counts stay what they are.
// 5. Where two secrets overlap in a text, nothing of either is left.
import { fail } from "./errors.ts";
import { writtenForms } from "./secret-forms.ts";

/** Secret values: whatever leaves the process as text goes through `redact` first. */
export interface Secrets {
  /** From now on this value is replaced by its name. One under 4 characters is refused: it would be found in every text. */
  add(name: string, value: string): void;
  /** How many are known. */
  readonly size: number;
  /** The same text, list, plain object or error with every secret value replaced by `[secret NAME]`. */
  redact<T>(value: T): T;
  /** How many characters at the end of a text may still become a secret: a stream holds them back. */
  unfinished(text: string): number;
}

interface Hidden {
  readonly text: string;
  readonly shown: string;
}

interface Span {
  readonly from: number;
  readonly to: number;
  readonly shown: string;
}

const SHORTEST = 4;
// Below this many objects a circle or a thing met twice costs less than remembering what was met.
const FEW = 16;

/** Keeps secret values by name. */
export function createSecrets(): Secrets {
  const known = new Set<string>();
  let hidden: readonly Hidden[] = [];
  let pattern = /(?!)/u;
  let shortest = Number.POSITIVE_INFINITY;
  let beginnings = new Set<number>();
  const numbers = new Map<number, string>();

  const holdsText = (text: string) => text.length >= shortest && pattern.test(text);

  const isHidden = (item: unknown) =>
    typeof item === "string" ? holdsText(item) : typeof item === "number" && numbers.size > 0 && numbers.has(item);

  const cleanText = (text: string) => (holdsText(text) ? replaceSpans(text, spansOf(text, hidden)) : text);

  const clean = (item: unknown) =>
    typeof item === "string" ? cleanText(item) : typeof item === "number" ? (numbers.get(item) ?? item) : item;

  function learn(): void {
    // Longest first: where one form begins with another, the longer one is meant.
    hidden = hidden.toSorted((left, right) => right.text.length - left.text.length);
    pattern = new RegExp(hidden.map(({ text }) => text.replace(/[\\^$.*+?()[\]{}|/-]/g, "\\$&")).join("|"));
    shortest = hidden.at(-1)?.text.length ?? shortest;
    beginnings = new Set(hidden.map(({ text }) => text.charCodeAt(0)));
  }

  const secrets = {
    // A field, for it is read at every event: a getter here would make a slow object of all this.
    size: 0,
    add(name: string, value: string): void {
      if (value.length < SHORTEST) throw fail("secret.too_short", { name, least: SHORTEST });
      if (known.has(value)) return;
      known.add(value);
      const shown = `[secret ${name}]`;
      if (String(Number(value)) === value) numbers.set(Number(value), shown);
      hidden = [...hidden, ...writtenForms(value).map((text) => ({ text, shown }))];
      learn();
      secrets.size = known.size;
    },
    redact<T>(value: T): T {
      if (hidden.length === 0) return value;
      // What comes out has the shape of what went in.
      if (typeof value === "string") return cleanText(value) as T;
      return holds(value, isHidden) ? (copy(value, clean) as T) : value;
    },
    unfinished(text: string): number {
      const longest = hidden[0]?.text.length ?? 0;
      for (let at = Math.max(0, text.length - longest + 1); at < text.length; at++) {
        if (!beginnings.has(text.charCodeAt(at))) continue;
        const end = text.slice(at);
        if (!hidden.some((form) => form.text.length > end.length && form.text.startsWith(end))) continue;
        // A secret that is whole is not cut in two.
        const around = holdsText(text) ? spansOf(text, hidden).find(({ from, to }) => from < at && at < to) : undefined;
        return text.length - (around?.from ?? at);
      }
      return 0;
    },
  };
  return secrets;
}

/** Every place of every form, those that overlap joined into one. */
function spansOf(text: string, hidden: readonly Hidden[]): readonly Span[] {
  const found: Span[] = [];
  for (const form of hidden) {
    for (let at = text.indexOf(form.text); at !== -1; at = text.indexOf(form.text, at + form.text.length)) {
      found.push({ from: at, to: at + form.text.length, shown: form.shown });
    }
  }
  found.sort((left, right) => left.from - right.from || right.to - left.to);
  const joined: Span[] = [];
  for (const span of found) {
    const last = joined.at(-1);
    if (last === undefined || span.from >= last.to) joined.push(span);
    else if (span.to > last.to) joined[joined.length - 1] = { ...last, to: span.to };
  }
  return joined;
}

function replaceSpans(text: string, spans: readonly Span[]): string {
  let clean = "";
  let done = 0;
  for (const { from, to, shown } of spans) {
    clean += text.slice(done, from) + shown;
    done = to;
  }
  return clean + text.slice(done);
}

/** Says whether anything in a value is to be hidden. Without recursion: depth must not end the process. */
function holds(root: unknown, isHidden: (item: unknown) => boolean): boolean {
  if (!isOpen(root)) return false;
  const waiting: object[] = [root];
  let met: Set<object> | undefined;
  let looked = 0;
  for (let thing = waiting.pop(); thing !== undefined; thing = waiting.pop()) {
    if (++looked > FEW) {
      met ??= new Set();
      if (met.has(thing)) continue;
      met.add(thing);
    }
    if (Array.isArray(thing) ? thing.some(see) : seeFields(thing)) return true;
  }
  return false;

  function seeFields(thing: object): boolean {
    if (thing instanceof Error && errorFields(thing).some((key) => see(Reflect.get(thing, key)))) return true;
    for (const key in thing) if (isHidden(key) || see(Reflect.get(thing, key))) return true;
    return false;
  }

  function see(item: unknown): boolean {
    if (!isOpen(item)) return isHidden(item);
    waiting.push(item);
    return false;
  }
}

/** Copies all that is looked into, with its texts and numbers cleaned; a circle stays a circle. */
function copy(root: unknown, clean: (item: unknown) => unknown): unknown {
  const copies = new Map<object, object>();
  const waiting: object[] = [];
  const whole = copyOf(root);
  for (let thing = waiting.pop(); thing !== undefined; thing = waiting.pop()) {
    const shell = copies.get(thing) as object;
    if (Array.isArray(thing)) for (const item of thing) (shell as unknown[]).push(copyOf(item));
    else copyFields(thing, shell);
  }
  return whole;

  function copyFields(thing: object, shell: object): void {
    if (thing instanceof Error) for (const key of errorFields(thing)) put(shell, key, Reflect.get(thing, key), false);
    for (const key in thing) put(shell, String(clean(key)), Reflect.get(thing, key), true);
  }

  function copyOf(value: unknown): unknown {
    if (!isOpen(value)) return clean(value);
    const made = copies.get(value);
    if (made !== undefined) return made;
    const shell: object = Array.isArray(value) ? [] : Object.create(Object.getPrototypeOf(value));
    copies.set(value, shell);
    waiting.push(value);
    return shell;
  }

  // Defined, not assigned: a key may be "__proto__".
  function put(shell: object, key: string, value: unknown, enumerable: boolean): void {
    Object.defineProperty(shell, key, { value: copyOf(value), enumerable, writable: true, configurable: true });
  }
}

/** What an error says beside its visible fields. */
function errorFields(error: Error): readonly string[] {
  return ["message", "stack", "cause"].filter((key) => Object.hasOwn(error, key));
}

/** Says whether a value is looked into. */
function isOpen(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  if (Array.isArray(value) || value instanceof Error) return true;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}
