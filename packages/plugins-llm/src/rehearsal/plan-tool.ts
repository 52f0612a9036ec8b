// Chooses the tool that a turn needs next.
//
// 1. A tool is called only with every required value found in the conversation, never with an invented one.
// 2. A tool that changes something is called only when the user names the change.
// 3. A word of the user that a called tool has answered for asks for no other tool.
import type { ModelRequest, ToolDescription } from "@mofa/kernel";
import { bm25, type Weighted } from "./bm25.ts";
import { relatedTo } from "./concepts.ts";
import { type Conversation, wasWished } from "./conversation.ts";
import { fillInput, toSource } from "./fill.ts";
import { sayWanted } from "./find-text.ts";
import { fieldsOf, viewOf } from "./schema-view.ts";
import { stem, termsOf, wordsOf } from "./words.ts";

/** What to do next: a call, a question for what is missing, or nothing. */
export type Plan =
  | { readonly call: { readonly name: string; readonly input: unknown } }
  | { readonly question: { readonly tool: ToolDescription; readonly wanted: readonly string[] } }
  | undefined;

// Calls in one turn at most: a rehearsal that goes in circles would look like work.
const MOST_CALLS = 4;

// Names of tools that change the world; what the user must say for each is its own word or one of these.
const CHANGES: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    refund: ["reimburse", "money"],
    pay: ["transfer"],
    charge: ["bill"],
    transfer: [],
    cancel: ["stop"],
    delete: ["remove", "erase"],
    remove: ["delete"],
    create: ["new", "open", "make", "add"],
    add: ["new", "create"],
    update: ["change", "edit", "correct"],
    change: ["update", "edit"],
    set: ["change", "update"],
    put: ["store", "save", "keep", "write"],
    write: ["save", "store"],
    save: ["keep", "store"],
    send: ["mail", "email", "tell", "notify"],
    email: ["send", "mail"],
    notify: ["tell", "inform"],
    book: ["reserve"],
    reserve: ["book"],
    approve: [],
    reject: ["decline"],
    escalate: [],
    publish: [],
    reset: [],
    close: [],
    order: ["buy", "purchase"],
  }).map(([word, others]) => [stem(word), others.map(stem)]),
);

/** Chooses the next step of a turn among the offered tools. */
export function planTool(request: ModelRequest, conversation: Conversation, today: string | undefined): Plan {
  const { tools = [], toolChoice = "auto" } = request;
  if (tools.length === 0 || toolChoice === "none" || conversation.wished.length >= MOST_CALLS) return undefined;
  const forced = typeof toolChoice === "object" ? tools.filter(({ name }) => name === toolChoice.tool) : undefined;
  const must = forced !== undefined || toolChoice === "required";
  // Whoever forces a tool means the first step of a turn; forcing it for ever would never end.
  if (must && conversation.wished.length > 0) return undefined;
  const ranked = rank(forced ?? tools, conversation, must);
  for (const { tool, score, again } of ranked) {
    const plan = tryTool(tool, { conversation, today, again });
    if (plan !== undefined && score >= (ranked[0]?.score ?? 0) * 0.4) return plan;
  }
  const first = ranked.find(({ again }) => !again);
  if (first === undefined) return undefined;
  return must ? force(first.tool, conversation, today) : ask(first.tool, conversation, today);
}

interface Ranked {
  readonly tool: ToolDescription;
  readonly score: number;
  /** Called before in this turn: only another value is a reason to call it again. */
  readonly again: boolean;
}

function rank(tools: readonly ToolDescription[], conversation: Conversation, must: boolean): readonly Ranked[] {
  const documents = tools.map(toDocument);
  const terms = askedTerms(conversation);
  const called = new Set(conversation.wished.map(({ name }) => name));
  const covered = new Set(documents.filter((_, index) => called.has(tools[index]?.name ?? "")).flat());
  const open = terms.filter(({ term }) => !covered.has(term) && !relatedTo(term).some((near) => covered.has(near)));
  const fresh = bm25(widen(open), documents);
  const all = bm25(widen(terms), documents);
  return tools
    .map((tool, index) => {
      const again = called.has(tool.name);
      const words = again ? (all[index] ?? 0) * 0.5 : (fresh[index] ?? 0);
      const shape = shapeBonus(tool, conversation);
      const score = again && shape === 0 ? 0 : words + shape;
      return { tool, score: must && score === 0 ? 0.01 : score, again };
    })
    .filter(({ tool, score }) => score > 0 && (must || isAsked(tool, terms)))
    .sort((left, right) => right.score - left.score);
}

// The name says most, so it counts twice; a tool is also known by the values it takes.
function toDocument({ name, description, input }: ToolDescription): readonly string[] {
  const { properties } = fieldsOf(viewOf(input, input).schema);
  const parameters = properties.flatMap(([property, part]) => {
    const { schema } = viewOf(part, input);
    const options = Array.isArray(schema["enum"]) ? schema["enum"].map(String) : [];
    return [property, String(schema["description"] ?? ""), ...options].flatMap((text) =>
      termsOf(wordsOf(text).join(" ")),
    );
  });
  const named = wordsOf(name).map(stem);
  return [...named, ...named, ...termsOf(description), ...parameters];
}

// A short answer to a question ("It is A-1001") means what was asked for before it.
function askedTerms({ text, earlier, asked }: Conversation): readonly Weighted[] {
  const now = [...new Set([...termsOf(text), ...(/\bwhere\b/i.test(text) ? ["where"] : [])])].map((term) => ({
    term,
    weight: 1,
  }));
  if (!asked || now.length > 5 || earlier[0] === undefined) return now;
  return [...now, ...termsOf(earlier[0]).map((term) => ({ term, weight: 0.6 }))];
}

function widen(terms: readonly Weighted[]): readonly Weighted[] {
  const near = terms.flatMap(({ term, weight }) =>
    relatedTo(term).map((other) => ({ term: other, weight: weight * 0.3 })),
  );
  return [...terms, ...near];
}

// A value that this tool's pattern fits ("A-1001") and that nothing was called with yet speaks for it, even without a word.
function shapeBonus({ input }: ToolDescription, conversation: Conversation): number {
  const { properties, required } = fieldsOf(viewOf(input, input).schema);
  const shaped = properties.filter(
    ([name, part]) => required.includes(name) && typeof viewOf(part, input).schema["pattern"] === "string",
  );
  if (shaped.length === 0) return 0;
  const source = {
    ...toSource(conversation, undefined, usedValues(conversation)),
    texts: [conversation.text],
    answers: [],
  };
  const wanted = { type: "object", properties: Object.fromEntries(shaped), required: shaped.map(([name]) => name) };
  return fillInput(wanted, source).missing.length === 0 ? 0.6 : 0;
}

function isAsked({ name }: ToolDescription, terms: readonly Weighted[]): boolean {
  const said = new Set(terms.map(({ term }) => term));
  // The verb stands first (`cancel_order`) or last (`orders.cancel`).
  const words = wordsOf(name).map(stem);
  const changes = [words[0], words.at(-1)].filter(
    (word): word is string => word !== undefined && CHANGES.has(word) && !(word === "order" && words.length > 1),
  );
  return (
    changes.length === 0 ||
    changes.some((word) => said.has(word) || (CHANGES.get(word) ?? []).some((other) => said.has(other)))
  );
}

interface Trying {
  readonly conversation: Conversation;
  readonly today: string | undefined;
  readonly again: boolean;
}

function tryTool({ name, input: schema }: ToolDescription, { conversation, today, again }: Trying): Plan {
  const source = toSource(conversation, today, again ? usedValues(conversation, name) : []);
  const { input, missing } = fillInput(schema, again ? { ...source, texts: [conversation.text], answers: [] } : source);
  if (missing.length > 0 || wasWished(conversation, name, input)) return undefined;
  return { call: { name, input } };
}

function force(tool: ToolDescription, conversation: Conversation, today: string | undefined): Plan {
  const { input } = fillInput(tool.input, toSource(conversation, today));
  return { call: { name: tool.name, input } };
}

function ask(tool: ToolDescription, conversation: Conversation, today: string | undefined): Plan {
  const { missing } = fillInput(tool.input, toSource(conversation, today));
  const properties = new Map(fieldsOf(viewOf(tool.input, tool.input).schema).properties);
  // Who speaks of none of the options does not mean this tool; asking would be strange.
  const closed = missing.some((name) => viewOf(properties.get(name), tool.input).schema["enum"] !== undefined);
  if (missing.length === 0 || closed) return undefined;
  const wanted = missing.map((name) => sayWanted(name, properties.get(name)));
  return { question: { tool, wanted } };
}

function usedValues({ wished }: Conversation, name?: string): readonly unknown[] {
  const inputs = wished.filter((wish) => name === undefined || wish.name === name).map(({ input }) => input);
  return inputs.flatMap((input) => (typeof input === "object" && input !== null ? Object.values(input) : []));
}
