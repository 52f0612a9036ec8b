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

export class Topics<T> {
  readonly #root: Branch<T> = branch();
  readonly #cache = new Map<string, readonly T[]>();

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
    collect(this.#root, topic.split("."), 0, all);
    const found = all.length > 1 ? [...new Set(all)] : all;
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
    found.push(...node.here);
    return;
  }
  found.push(...node.rest);
  const exact = node.words.get(word);
  if (exact !== undefined) collect(exact, words, index + 1, found);
  const any = node.words.get("*");
  if (any !== undefined && word !== "*") collect(any, words, index + 1, found);
}
