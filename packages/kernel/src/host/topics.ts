// Who listens to a topic. Patterns are NATS subjects: `*` is one word, a trailing `>` is one or more.
//
// 1. A topic published before is found in a cache; the cache is dropped when a subscription comes or goes, and when it is full.
// 2. Lists that are given out are never changed afterwards; who is there by several patterns is in them once.
// 3. A pattern that nobody listens to any more leaves nothing behind.

interface Branch<T> {
  readonly words: Map<string, Branch<T>>;
  here: readonly T[];
  rest: readonly T[];
}

const MAX_CACHED = 10_000;
const FEW = 8;

export class Topics<T> {
  readonly #root: Branch<T> = branch();
  readonly #cache = new Map<string, readonly T[]>();
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
    collect(this.#root, topic.slice(this.#prefix.length).split("."), 0, all);
    const found = once(all);
    if (this.#cache.size >= MAX_CACHED) this.#cache.clear();
    this.#cache.set(topic, found);
    return found;
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

function collect<T>(node: Branch<T>, words: readonly string[], index: number, found: T[]): void {
  const word = words[index];
  if (word === undefined) {
    addAll(found, node.here);
    return;
  }
  addAll(found, node.rest);
  const exact = node.words.get(word);
  if (exact !== undefined) collect(exact, words, index + 1, found);
  const any = node.words.get("*");
  if (any !== undefined && word !== "*") collect(any, words, index + 1, found);
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
