// Reads the import and export declarations of a module. What a hot module cannot do is refused here, with its place.
import { afterDot, endsOperand, scan, type Token } from "./scan.ts";

/** A name taken from another module. `*` is the whole module. */
interface Imported {
  readonly name: string;
  readonly as: string;
}

/** One `from "…"`, or one import for its effect. */
interface Source {
  readonly specifier: string;
  /** Names that the module uses. */
  readonly imports: readonly Imported[];
  /** Names that it passes on; `*` as `*` is everything but the default. */
  readonly passes: readonly Imported[];
  readonly at: number;
}

/** A piece of the text and what stands in its place, of the same length. */
export interface Edit {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

export interface Declarations {
  readonly sources: readonly Source[];
  /** Names that others see, and the local names behind them. */
  readonly exports: readonly { readonly name: string; readonly local: string }[];
  /** Specifiers written out in `import("…")`. */
  readonly later: readonly { readonly specifier: string; readonly at: number }[];
  readonly edits: readonly Edit[];
}

/** Why a module cannot be a hot one, and where. */
export class Refusal {
  readonly at: number;
  readonly problem: string;
  constructor(at: number, problem: string) {
    this.at = at;
    this.problem = problem;
  }
}

/** The name that stands for `import` in `import(…)` and `import.meta`: as long as the word, so that columns stay. */
export const IMPORT = "$mofa_";
/** The local name behind an anonymous default export. */
const DEFAULT = "$default";

/** Reads what a module imports and exports; throws a `Refusal` for what a hot module cannot do. */
export function readDeclarations(source: string): Declarations {
  const reader = new Reader(scan(source), source);
  reader.readAll();
  return reader;
}

class Reader implements Declarations {
  readonly sources: Source[] = [];
  readonly exports: { readonly name: string; readonly local: string }[] = [];
  readonly later: { readonly specifier: string; readonly at: number }[] = [];
  readonly edits: Edit[] = [];
  readonly #tokens: readonly Token[];
  readonly #text: string;
  #next = 0;

  constructor(tokens: readonly Token[], text: string) {
    this.#tokens = tokens;
    this.#text = text;
  }

  readAll(): void {
    if (this.#text.startsWith("#!")) this.#blank(0, this.#text.search(/[\n\r]|$/u));
    while (this.#next < this.#tokens.length) {
      const index = this.#next++;
      const token = this.#tokens[index] as Token;
      if (token.type !== "word" || afterDot(this.#tokens, index)) continue;
      if (token.value === "import") this.#import(token);
      else if (token.value === "export" && token.depth === 0) this.#export(token);
    }
  }

  #peek(ahead = 0): Token | undefined {
    return this.#tokens[this.#next + ahead];
  }

  #is(value: string, ahead = 0): boolean {
    const token = this.#peek(ahead);
    return token?.value === value && (token.type === "mark" || token.type === "word");
  }

  #accept(value: string): boolean {
    if (!this.#is(value)) return false;
    this.#next++;
    return true;
  }

  #expect(what: string, fits: (token: Token) => boolean): Token {
    const token = this.#peek();
    if (token === undefined || !fits(token)) throw new Refusal(token?.start ?? this.#text.length, `expected ${what}`);
    this.#next++;
    return token;
  }

  #import(word: Token): void {
    if (this.#is(".")) {
      // Any other property of it is a syntax error, which the compiler tells.
      if (this.#is("meta", 1)) this.#put(word.start, word.end, IMPORT);
      return;
    }
    if (this.#is("(")) this.#importCall(word);
    // `{ import: 1 }` names a property; a declaration stands outside of all brackets.
    else if (word.depth === 0) this.#importNames(word);
  }

  #importNames(word: Token): void {
    const imports: Imported[] = [];
    if (this.#peek()?.type !== "text") {
      if (!this.#is("{") && !this.#is("*")) {
        imports.push({ name: "default", as: this.#name() });
        this.#accept(",");
      }
      if (this.#accept("*")) {
        this.#expect('"as"', ({ value }) => value === "as");
        imports.push({ name: "*", as: this.#name() });
      } else if (this.#is("{")) imports.push(...this.#names());
      this.#expect('"from"', ({ value }) => value === "from");
    }
    this.#from(word, { imports, passes: [] });
  }

  /** `import(…)` is a call; `import(…) {` is a method of that name. */
  #importCall(word: Token): void {
    const opening = this.#peek() as Token;
    const close = this.#tokens.findIndex(
      ({ value, depth, type }, index) =>
        index > this.#next && type === "mark" && value === ")" && depth === opening.depth,
    );
    const after = this.#tokens[close + 1];
    if (close >= 0 && after?.value === "{" && !after.fresh) return;
    this.#put(word.start, word.end, IMPORT);
    const given = this.#peek(1);
    const whole = [")", ","].includes(this.#peek(2)?.value ?? "");
    if (given?.type === "text" && whole) this.later.push({ specifier: toText(given), at: given.start });
  }

  #export(word: Token): void {
    if (this.#accept("*")) this.#exportAll(word);
    else if (this.#is("{")) this.#exportNames(word);
    else if (this.#is("default")) this.#exportDefault(word);
    else this.#exportDeclaration(word);
  }

  #exportAll(word: Token): void {
    const as = this.#accept("as") ? this.#exportName() : "*";
    this.#expect('"from"', ({ value }) => value === "from");
    this.#from(word, { imports: [], passes: [{ name: "*", as }] });
  }

  #exportDeclaration(word: Token): void {
    const kind = this.#peek();
    this.#blank(word.start, word.end);
    if (kind?.value === "const") {
      this.#exportConstants();
      return;
    }
    if (kind?.value === "let" || kind?.value === "var") {
      throw new Refusal(
        word.start,
        `"export ${kind.value}" is refused, because who imports it would not see it change: export a const, or a function that gives the value`,
      );
    }
    const local = this.#declared();
    if (local === undefined) throw new Refusal(word.start, "expected a declaration after export");
    this.exports.push({ name: local, local });
  }

  #exportNames(word: Token): void {
    const names = this.#names();
    if (this.#accept("from")) {
      this.#from(word, { imports: [], passes: names });
      return;
    }
    this.#accept(";");
    this.#blank(word.start, (this.#tokens[this.#next - 1] as Token).end);
    for (const { name, as } of names) this.exports.push({ name: as, local: name });
  }

  #exportDefault(word: Token): void {
    const end = (this.#peek() as Token).end;
    this.#next++;
    const before = this.#next;
    const named = this.#declared();
    if (named !== undefined) {
      this.#blank(word.start, end);
      this.exports.push({ name: "default", local: named });
      return;
    }
    this.#next = before;
    this.exports.push({ name: "default", local: DEFAULT });
    const anonymous = this.#anonymous();
    if (anonymous === undefined) {
      // A statement of its own, so that it ends where it did.
      this.#put(word.start, end, `var ${DEFAULT} =`);
      return;
    }
    this.#blank(word.start, end);
    this.edits.push({ start: anonymous, end: anonymous, text: ` ${DEFAULT} ` });
  }

  /** The name in `function name`, `async function* name` or `class name`, which the reader then stands behind. */
  #declared(): string | undefined {
    this.#accept("async");
    const isFunction = this.#accept("function");
    if (isFunction) this.#accept("*");
    else if (!this.#accept("class")) return undefined;
    const name = this.#peek();
    if (name?.type !== "word" || (!isFunction && name.value === "extends")) return undefined;
    this.#next++;
    return name.value;
  }

  /** Where the name is missing in an anonymous function or class declaration. */
  #anonymous(): number | undefined {
    const isAsync = this.#is("async") && this.#is("function", 1) && this.#peek(1)?.fresh === false;
    const word = this.#peek(isAsync ? 1 : 0);
    if (word?.type !== "word" || (word.value !== "function" && word.value !== "class")) return undefined;
    const star = this.#peek(isAsync ? 2 : 1);
    return word.value === "function" && star?.value === "*" ? star.end : word.end;
  }

  #exportConstants(): void {
    do {
      this.#next++;
      const name = this.#peek();
      if (name?.type !== "word") {
        throw new Refusal(
          name?.start ?? this.#text.length,
          "an export that takes an object or a list apart is refused: take it apart in a const, then export { its, names }",
        );
      }
      this.exports.push({ name: name.value, local: name.value });
      this.#next++;
      this.#skipValue();
    } while (this.#is(","));
  }

  /** Goes on to the comma or the end of the statement, telling what it passes by. */
  #skipValue(): void {
    for (let token = this.#peek(); token !== undefined; token = this.#peek()) {
      const before = this.#tokens[this.#next - 1] as Token;
      if (token.depth === 0) {
        if (token.type === "mark" && (token.value === "," || token.value === ";")) return;
        const goesOn = token.type === "mark" ? token.value !== "{" : ["in", "instanceof"].includes(token.value);
        if (token.fresh && !goesOn && token.type !== "template" && endsOperand(before)) return;
      }
      const isImport = token.type === "word" && token.value === "import" && !afterDot(this.#tokens, this.#next);
      this.#next++;
      if (isImport) this.#import(token);
    }
  }

  #from(word: Token, names: Pick<Source, "imports" | "passes">): void {
    const from = this.#expect("the module's name in quotes", ({ type }) => type === "text");
    let end = from.end;
    if (this.#is("with") && this.#is("{", 1)) {
      while (!this.#is("}")) this.#expect('"}"', () => true);
      end = this.#expect('"}"', () => true).end;
    }
    if (this.#is(";")) end = this.#expect(";", () => true).end;
    this.sources.push({ specifier: toText(from), at: from.start, ...names });
    this.#blank(word.start, end);
  }

  #names(): Imported[] {
    const names: Imported[] = [];
    this.#expect('"{"', ({ value }) => value === "{");
    while (!this.#accept("}")) {
      const name = this.#exportName();
      names.push({ name, as: this.#accept("as") ? this.#exportName() : name });
      if (!this.#is("}")) this.#expect('"," or "}"', ({ value }) => value === ",");
    }
    return names;
  }

  #name(): string {
    return this.#expect("a name", ({ type }) => type === "word").value;
  }

  #exportName(): string {
    const token = this.#expect("a name", ({ type }) => type === "word" || type === "text");
    return token.type === "text" ? toText(token) : token.value;
  }

  #put(start: number, end: number, text: string): void {
    // Line breaks inside of it stay where they were.
    const rest = this.#text.slice(start + text.length, end).replace(/[^\n\r\u2028\u2029]/gu, " ");
    this.edits.push({ start, end, text: text + rest });
  }

  #blank(start: number, end: number): void {
    this.edits.push({ start, end, text: this.#text.slice(start, end).replace(/[^\n\r\u2028\u2029]/gu, " ") });
  }
}

function toText({ value }: Token): string {
  const inner = value.slice(1, -1);
  return inner.includes("\\")
    ? (JSON.parse(`"${inner.replaceAll("\\'", "'").replaceAll(/(?<!\\)"/gu, '\\"')}"`) as string)
    : inner;
}
