// JSON with the place of every key: `JSON.parse` tells no places, and shows what it met in its messages.
import { fail } from "../errors.ts";
import { type Path, sayPath } from "./path.ts";
import type { Parsed, Place } from "./source.ts";

const MAX_DEPTH = 200;
const SCALAR = /"[^"\\]*(?:\\.[^"\\]*)*"|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/uy;

/** Reads JSON. */
export function parseJson(text: string, file: string): Parsed {
  const reader = new JsonReader(text, file);
  const value = reader.whole();
  return { value, place: (path) => reader.place(path) };
}

class JsonReader {
  readonly #text: string;
  readonly #file: string;
  readonly #offsets = new Map<string, number>();
  #at = 0;

  constructor(text: string, file: string) {
    this.#text = text;
    this.#file = file;
  }

  place(path: Path): Place {
    for (let length = path.length; length > 0; length--) {
      const offset = this.#offsets.get(sayPath(path.slice(0, length)));
      if (offset !== undefined) return this.#placeAt(offset);
    }
    return { line: 1, column: 1 };
  }

  whole(): unknown {
    const value = this.#value([]);
    if (this.#peek() !== "") throw this.#broken("nothing more may stand here");
    return value;
  }

  #value(path: Path): unknown {
    if (path.length > MAX_DEPTH) throw this.#broken(`this is nested more than ${MAX_DEPTH} deep`);
    const sign = this.#peek();
    if (sign === "{") return this.#object(path);
    return sign === "[" ? this.#list(path) : this.#scalar("a value");
  }

  #object(path: Path): object {
    const entries = new Map<string, unknown>();
    this.#at++;
    for (let more = !this.#took("}"); more; more = this.#goesOn("}")) {
      this.#peek();
      const from = this.#at;
      const key = this.#scalar('a key in "quotes"');
      if (typeof key !== "string") throw this.#broken('here must be a key in "quotes"', from);
      if (entries.has(key)) throw this.#broken(`the key "${key}" is there twice`, from);
      this.#offsets.set(sayPath([...path, key]), from);
      if (!this.#took(":")) throw this.#broken('here must be ":"');
      entries.set(key, this.#value([...path, key]));
    }
    return Object.fromEntries(entries);
  }

  #list(path: Path): unknown[] {
    const items: unknown[] = [];
    this.#at++;
    for (let more = !this.#took("]"); more; more = this.#goesOn("]")) {
      this.#peek();
      const here = [...path, items.length];
      this.#offsets.set(sayPath(here), this.#at);
      items.push(this.#value(here));
    }
    return items;
  }

  #scalar(wanted: string): unknown {
    this.#peek();
    SCALAR.lastIndex = this.#at;
    const found = SCALAR.exec(this.#text)?.[0];
    if (found === undefined) throw this.#broken(`here must be ${wanted}`);
    try {
      const value: unknown = JSON.parse(found);
      this.#at += found.length;
      return value;
    } catch {
      throw this.#broken("this text holds a control character or an unknown \\ sequence");
    }
  }

  #goesOn(end: string): boolean {
    if (this.#took(",")) return true;
    if (this.#took(end)) return false;
    throw this.#broken(`here must be "," or "${end}"`);
  }

  #took(sign: string): boolean {
    if (this.#peek() !== sign) return false;
    this.#at++;
    return true;
  }

  /** The next sign that is not white space; "" at the end. */
  #peek(): string {
    while (/[ \t\r\n]/u.test(this.#text[this.#at] ?? "")) this.#at++;
    return this.#text[this.#at] ?? "";
  }

  #placeAt(offset: number): Place {
    const before = this.#text.slice(0, offset).split("\n");
    return { line: before.length, column: (before.at(-1)?.length ?? 0) + 1 };
  }

  #broken(problem: string, offset = this.#at): Error {
    return fail("config.syntax", { file: this.#file, ...this.#placeAt(offset), problem });
  }
}
