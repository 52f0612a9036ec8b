// Who listens to a topic. Patterns are NATS subjects: `*` is one word, a trailing `>` is one or more.
//
// 1. A topic published twice is found in a cache; the cache is dropped when a subscription comes or goes, and when it is
//    full. Once is not enough: where every topic is a new one, remembering them all would cost more than looking.
// 2. Lists that are given out are never changed afterwards; who is there by several patterns is in them once.
// 3. A pattern that nobody listens to any more leaves nothing behind.

interface Branch<T> {
  readonly words: Map<string, Branch<T>>;
  here: readonly T[];
  rest: readonly T[];
}

const MAX_CACHED = 10_000;
const MAX_RECENT = 256;
const FEW = 8;

export class Topics<T> {
  readonly #root: Branch<T> = branch();
  readonly #cache = new Map<string, readonly T[]>();
  /** Topics seen lately, each in the place that its last letters give it. */
  readonly #recent: string[] = new Array(MAX_RECENT).fill("");
  readonly #prefix: string;

  /** `prefix` stands before every topic that is looked for: a known one is found without cutting it off. */
  constructor(prefix = "") {
    this.#prefix = prefix;
  }

  add(pattern: string, listener: T): void {
    const { words, slot } = read(pattern);
    let node = this.#root;
    for (const word of words) {
      let next = node.words.get(word);
      if (next === undefined) {
        next = branch();
        node.words.set(word, next);
      }
      node = next;
    }
    node[slot] = [...node[slot], listener];
    this.#cache.clear();
  }

  remove(pattern: string, listener: T): void {
    const { words, slot } = read(pattern);
    const path = [this.#root];
    for (const word of words) {
      const next = path.at(-1)?.words.get(word);
      if (next === undefined) return;
      path.push(next);
    }
    const node = path.at(-1) ?? this.#root;
    const index = node[slot].indexOf(listener);
    if (index < 0) return;
    node[slot] = node[slot].toSpliced(index, 1);
    prune(path, words);
    this.#cache.clear();
  }

  find(topic: string): readonly T[] {
    const known = this.#cache.get(topic);
    if (known !== undefined) return known;
    const all: T[] = [];
    collect(this.#root, topic, this.#prefix.length, all);
    const found = once(all);
    this.#remember(topic, found);
    return found;
  }

  #remember(topic: string, found: readonly T[]): void {
    const end = topic.length;
    const place = (topic.charCodeAt(end - 1) * 31 + topic.charCodeAt(end - 2) * 7 + end) % MAX_RECENT || 0;
    if (this.#recent[place] !== topic) {
      this.#recent[place] = topic;
      return;
    }
    if (this.#cache.size >= MAX_CACHED) this.#cache.clear();
    this.#cache.set(topic, found);
  }
}

function read(pattern: string): { readonly words: readonly string[]; readonly slot: "here" | "rest" } {
  const words = pattern.split(".");
  return words.at(-1) === ">" ? { words: words.slice(0, -1), slot: "rest" } : { words, slot: "here" };
}

/** Cuts off branches that bear nothing, from the tip. */
function prune<T>(path: readonly Branch<T>[], words: readonly string[]): void {
  for (let depth = words.length; depth > 0; depth--) {
    const node = path[depth] as Branch<T>;
    if (node.words.size > 0 || node.here.length > 0 || node.rest.length > 0) return;
    path[depth - 1]?.words.delete(words[depth - 1] as string);
  }
}

function branch<T>(): Branch<T> {
  return { words: new Map(), here: [], rest: [] };
}

/** Goes down the words of a topic from a character on; past its end there is no word left. */
function collect<T>(node: Branch<T>, topic: string, from: number, found: T[]): void {
  if (from > topic.length) {
    addAll(found, node.here);
    return;
  }
  addAll(found, node.rest);
  if (node.words.size === 0) return;
  const dot = topic.indexOf(".", from);
  const end = dot < 0 ? topic.length : dot;
  const word = topic.slice(from, end);
  const exact = node.words.get(word);
  if (exact !== undefined) collect(exact, topic, end + 1, found);
  const any = node.words.get("*");
  if (any !== undefined && word !== "*") collect(any, topic, end + 1, found);
}

function addAll<T>(found: T[], more: readonly T[]): void {
  // Without a spread, which ends the stack where very many listen.
  for (let index = 0; index < more.length; index++) found.push(more[index] as T);
}

/** Each of them one time, in their order. */
function once<T>(found: readonly T[]): readonly T[] {
  if (found.length < 2) return found;
  // Comparing a few with each other costs less than a set.
  if (found.length > FEW) return [...new Set(found)];
  return found.filter((one, index) => found.indexOf(one) === index);
}
