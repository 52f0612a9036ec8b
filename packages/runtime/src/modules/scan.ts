// Cuts a JavaScript module into tokens: just enough to find its imports and exports where they really are, and not in
// a text, a comment, a template or a regular expression. What it takes for a wrong thing never runs silently: the
// module is compiled afterwards, and a stray `import` or `export` is a syntax error there.

export interface Token {
  readonly type: "word" | "number" | "text" | "template" | "regex" | "mark";
  readonly value: string;
  readonly start: number;
  readonly end: number;
  /** How many brackets are open around it. An opening bracket counts as outside of itself, a closing one too. */
  readonly depth: number;
  /** Whether a line break stands before it. */
  readonly fresh: boolean;
}

// After these words an expression begins, so that a slash is a regular expression.
const BEFORE_EXPRESSION = new Set(
  "return typeof instanceof in of new delete void throw case do else await yield default extends".split(" "),
);
const CONDITIONS = new Set(["if", "while", "for", "with"]);

const SPACE = /[\s\uFEFF]+/uy;
const LINE_COMMENT = /\/\/[^\n\r\u2028\u2029]*/uy;
const BLOCK_COMMENT = /\/\*[\s\S]*?\*\//uy;
const WORD =
  /#?(?:[\p{ID_Start}$_]|\\u(?:[\da-f]{4}|\{[\da-f]+\}))(?:[\p{ID_Continue}$\u200C\u200D]|\\u(?:[\da-f]{4}|\{[\da-f]+\}))*/iuy;
const NUMBER = /(?:0[xob][\da-f_]+|(?:\d[\d_]*\.?[\d_]*|\.\d[\d_]*)(?:e[+-]?[\d_]+)?)n?/iuy;
const TEXT = /"(?:[^"\\\n\r]|\\[\s\S])*"|'(?:[^'\\\n\r]|\\[\s\S])*'/uy;
const REGEX = /\/(?:[^/\\[\n\r]|\\[^\n\r]|\[(?:[^\]\\\n\r]|\\[^\n\r])*\])+\/[\p{ID_Continue}$]*/uy;
const MARK = /=>|\+\+|--|\?\.(?!\d)|\.\.\.|[\s\S]/uy;
const TEMPLATE_PIECE = /(?:[^`\\$]|\\[\s\S]|\$(?!\{))*/uy;

interface Open {
  readonly mark: string;
  /** Whether a slash after the closing bracket begins a regular expression. */
  readonly regexAfter: boolean;
}

/** Cuts a module into tokens; comments and spaces are left out. */
export function scan(source: string): readonly Token[] {
  const tokens: Token[] = [];
  const open: Open[] = [];
  let at = source.startsWith("#!") ? lineEnd(source) : 0;
  let fresh = true;
  let closed: Open | undefined;

  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at;
    return pattern.exec(source)?.[0];
  };

  function add(type: Token["type"], value: string): void {
    tokens.push({ type, value, start: at, end: at + value.length, depth: open.length, fresh });
    at += value.length;
    fresh = false;
  }

  function template(): void {
    const start = at;
    at++;
    at += take(TEMPLATE_PIECE)?.length ?? 0;
    const hole = source.startsWith("${", at);
    at += hole ? 2 : 1;
    tokens.push({ type: "template", value: source.slice(start, at), start, end: at, depth: open.length, fresh });
    fresh = false;
    if (hole) open.push({ mark: "${", regexAfter: false });
  }

  function mark(value: string): void {
    if ("([{".includes(value)) {
      const regexAfter = value === "{" ? opensBlock(tokens) : value === "(" && opensCondition(tokens);
      add("mark", value);
      open.push({ mark: value, regexAfter });
      return;
    }
    if (")]}".includes(value)) {
      closed = open.pop();
      if (closed?.mark === "${") {
        template();
        return;
      }
    }
    add("mark", value);
  }

  function regexMayBegin(): boolean {
    const last = tokens.at(-1);
    if (last === undefined) return true;
    if (last.type === "word") return BEFORE_EXPRESSION.has(last.value) && !afterDot(tokens, tokens.length - 1);
    if (last.type === "template") return last.value.endsWith("${");
    if (last.type !== "mark") return false;
    if (")]}".includes(last.value)) return closed?.regexAfter ?? false;
    return last.value !== "++" && last.value !== "--";
  }

  while (at < source.length) {
    const skipped = take(SPACE) ?? take(LINE_COMMENT) ?? take(BLOCK_COMMENT);
    if (skipped !== undefined) {
      fresh ||= /[\n\r\u2028\u2029]/u.test(skipped);
      at += skipped.length;
      continue;
    }
    if (source[at] === "`") {
      template();
      continue;
    }
    const word = take(WORD);
    if (word !== undefined) {
      add("word", word);
      continue;
    }
    const number = take(NUMBER);
    if (number !== undefined) {
      add("number", number);
      continue;
    }
    const text = take(TEXT);
    if (text !== undefined) {
      add("text", text);
      continue;
    }
    const regex = source[at] === "/" && regexMayBegin() ? take(REGEX) : undefined;
    if (regex !== undefined) add("regex", regex);
    else mark(take(MARK) as string);
  }
  return tokens;
}

/** Whether a token is the name of a property: `a.import` imports nothing. */
export function afterDot(tokens: readonly Token[], index: number): boolean {
  const before = tokens[index - 1];
  return before?.type === "mark" && (before.value === "." || before.value === "?.");
}

/** Whether an expression can end with this token, so that a line break behind it may end the statement. */
export function endsOperand({ type, value }: Token): boolean {
  if (type === "word") return !BEFORE_EXPRESSION.has(value);
  if (type === "template") return !value.endsWith("${");
  return type !== "mark" || [")", "]", "}", "++", "--"].includes(value);
}

function opensCondition(tokens: readonly Token[]): boolean {
  const last = tokens.at(-1);
  return last?.type === "word" && CONDITIONS.has(last.value) && !afterDot(tokens, tokens.length - 1);
}

/** Whether a `{` here begins a block rather than an object. */
function opensBlock(tokens: readonly Token[]): boolean {
  const last = tokens.at(-1);
  if (last === undefined) return true;
  if (last.type === "word") return !BEFORE_EXPRESSION.has(last.value) || ["else", "do"].includes(last.value);
  return last.type === "mark" && [")", ";", "{", "}", "=>"].includes(last.value);
}

function lineEnd(source: string): number {
  const end = source.search(/[\n\r\u2028\u2029]/u);
  return end < 0 ? source.length : end;
}
