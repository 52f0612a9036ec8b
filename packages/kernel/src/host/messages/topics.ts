// Who listens to a topic. Patterns are NATS subjects: `*` is one word, a trailing `>` is one or more.
//
// 1. A topic published twice is found in a cache; the cache is dropped when a subscription comes or goes, and when it is
//    full. Once is not enough: where every topic is a new one, remembering them all would cost more than looking.
// 2. Topics that differ from the one before in their last word only (`orders.17`, `orders.18`) are met with the same list
//    where no pattern asks for that word.
// 3. Lists that are given out are never changed afterwards; who is there by several patterns is in them once.
// 4. A pattern that nobody listens to any more leaves nothing behind.

interface Branch<T> {
  /** Made when there is one: most branches are the last. */
  words: Map<string, Branch<T>> | undefined;
  /** What stands at `*`, which is one of the words as well. */
  any: Branch<T> | undefined;
  /** The word that was found last, and what stands there: topics mostly begin like the one before. */
  lastWord: string;
  last: Branch<T> | undefined;
  here: readonly T[];
  rest: readonly T[];
}

const NONE: readonly never[] = Object.freeze([]);
const MAX_CACHED = 10_000;
const MAX_RECENT = 256;
const FEW = 8;
const SAMPLE = 16;
const DOT = ".".charCodeAt(0);

export class Topics<T> {
  readonly #root: Branch<T> = branch();
  readonly #cache = new Map<string, readonly T[]>();
  /** Topics seen lately, each in the place that its last letters give it. */
  readonly #recent: string[] = new Array(MAX_RECENT).fill("");
  /** Places of which a topic is in the cache: only then is one looked up there, which costs making its hash. */
  readonly #remembered = new Uint8Array(MAX_RECENT);
  /** Of the topic that was looked for last: all but its last word, and who is met by whatever that word is. */
  #stem = "";
  #whatever: readonly T[] | undefined;
  #looks = 0;
  readonly #prefix: string;

  /** `prefix` stands before every topic that is looked for: a known one is found without cutting it off. */
  constructor(prefix = "") {
    this.#prefix = prefix;
  }

  add(pattern: string, listener: T): void {
    const { words, slot } = read(pattern);
    let node = this.#root;
    for (const word of words) {
      node.words ??= new Map();
      let next = node.words.get(word);
      if (next === undefined) {
        next = branch();
        node.words.set(word, next);
        if (word === "*") node.any = next;
      }
      node = next;
    }
    node[slot] = [...node[slot], listener];
    this.#forget();
  }

  remove(pattern: string, listener: T): void {
    const { words, slot } = read(pattern);
    const path = [this.#root];
    for (const word of words) {
      const next = path.at(-1)?.words?.get(word);
      if (next === undefined) return;
      path.push(next);
    }
    const node = path.at(-1) ?? this.#root;
    const index = node[slot].indexOf(listener);
    if (index < 0) return;
    node[slot] = node[slot].toSpliced(index, 1);
    prune(path, words);
    this.#forget();
  }

  find(topic: string): readonly T[] {
    const place = placeOf(topic);
    if (this.#remembered[place] === 1) {
      const known = this.#cache.get(topic);
      if (known !== undefined) return known;
    }
    const whatever = this.#whatever;
    if (whatever !== undefined && isOneWordAfter(topic, this.#stem)) {
      // Keeping a text that was just made costs as much as finding out that it is a new one.
      if (this.#looks++ % SAMPLE === 0) this.#note(topic, place, whatever);
      return whatever;
    }
    return this.#walk(topic, place);
  }

  #walk(topic: string, place: number): readonly T[] {
    const search: Search<T> = { topic, all: [], last: topic.lastIndexOf(".") + 1, named: false };
    collect(search, this.#root, this.#prefix.length);
    const found = once(search.all);
    this.#note(topic, place, found);
    this.#whatever = search.named || search.last === 0 ? undefined : found;
    this.#stem = topic.slice(0, search.last);
    return found;
  }

  #note(topic: string, place: number, found: readonly T[]): void {
    if (this.#recent[place] !== topic) {
      this.#recent[place] = topic;
      return;
    }
    if (this.#cache.size >= MAX_CACHED) this.#forget();
    this.#cache.set(topic, found);
    this.#remembered[place] = 1;
  }

  #forget(): void {
    this.#cache.clear();
    this.#remembered.fill(0);
    this.#whatever = undefined;
  }
}

function placeOf(topic: string): number {
  const end = topic.length;
  return (topic.charCodeAt(end - 1) * 31 + topic.charCodeAt(end - 2) * 7 + end) % MAX_RECENT || 0;
}

/**
 * Whether a topic is a stem and one word more. Letter by letter, from the end, where topics differ: `startsWith` and
 * `indexOf` cost several times as much on a text that was just made.
 */
function isOneWordAfter(topic: string, stem: string): boolean {
  const from = stem.length;
  for (let index = topic.length - 1; index >= from; index--) if (topic.charCodeAt(index) === DOT) return false;
  for (let index = from - 1; index >= 0; index--) {
    if (topic.charCodeAt(index) !== stem.charCodeAt(index)) return false;
  }
  return true;
}

function read(pattern: string): { readonly words: readonly string[]; readonly slot: "here" | "rest" } {
  const words = pattern.split(".");
  return words.at(-1) === ">" ? { words: words.slice(0, -1), slot: "rest" } : { words, slot: "here" };
}

/** Cuts off branches that bear nothing, from the tip. */
function prune<T>(path: readonly Branch<T>[], words: readonly string[]): void {
  for (let depth = words.length; depth > 0; depth--) {
    const node = path[depth] as Branch<T>;
    if (node.words !== undefined || node.here.length > 0 || node.rest.length > 0) return;
    const parent = path[depth - 1] as Branch<T>;
    parent.words?.delete(words[depth - 1] as string);
    if (parent.words?.size === 0) parent.words = undefined;
    if (parent.any === node) parent.any = undefined;
    if (parent.last === node) parent.last = undefined;
  }
}

function branch<T>(): Branch<T> {
  return { words: undefined, any: undefined, lastWord: "", last: undefined, here: NONE, rest: NONE };
}

/** A topic that is looked for. */
interface Search<T> {
  readonly topic: string;
  readonly all: T[];
  /** Where its last word begins. */
  readonly last: number;
  /** Some pattern asks for a certain word there. */
  named: boolean;
}

/** Goes down the words of a topic, from the character at which the next one begins; past its end there is none left. */
function collect<T>(search: Search<T>, node: Branch<T>, from: number): void {
  const { topic, all } = search;
  if (from > topic.length) {
    addAll(all, node.here);
    return;
  }
  addAll(all, node.rest);
  const { any, words } = node;
  if (words === undefined) return;
  if (from === search.last && (any === undefined || words.size > 1)) search.named = true;
  const dot = topic.indexOf(".", from);
  const end = dot < 0 ? topic.length : dot;
  if (any === undefined || words.size > 1) {
    const exact = wordAt(node, topic, { from, end });
    if (exact !== undefined && exact !== any) collect(search, exact, end + 1);
  }
  if (any !== undefined) collect(search, any, end + 1);
}

/** What stands at a word of a topic, which is cut out only where it is not the word that was found last. */
function wordAt<T>(node: Branch<T>, topic: string, { from, end }: Span): Branch<T> | undefined {
  const { last, lastWord } = node;
  if (last !== undefined && lastWord.length === end - from && topic.startsWith(lastWord, from)) return last;
  const word = topic.slice(from, end);
  const found = node.words?.get(word);
  if (found === undefined) return undefined;
  node.lastWord = word;
  node.last = found;
  return found;
}

interface Span {
  readonly from: number;
  readonly end: number;
}

function addAll<T>(found: T[], more: readonly T[]): void {
  // Without a spread, which ends the stack where very many listen.
  for (let index = 0; index < more.length; index++) found.push(more[index] as T);
}

/** Each of them one time, in their order. */
function once<T>(found: readonly T[]): readonly T[] {
  if (found.length < 2 || (found.length === 2 && found[0] !== found[1])) return found;
  // Comparing a few with each other costs less than a set.
  if (found.length > FEW) return [...new Set(found)];
  return found.filter((one, index) => found.indexOf(one) === index);
}
