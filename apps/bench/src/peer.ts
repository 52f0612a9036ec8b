import { loadPeer } from "../peers/load.ts";

/** Loads peers by package name. One that is not installed is left out, and said so once. */
export class Peers {
  readonly #missing = new Set<string>();

  /** `T` is the little of the peer that is used here: its own types are there only when it is. */
  async load<T>(name: string): Promise<T | undefined> {
    const found = await loadPeer(name);
    if (found === undefined && !this.#missing.has(name)) {
      this.#missing.add(name);
      process.stderr.write(`${name} is not installed: "npm run bench" installs it. It is left out.\n`);
    }
    return found as T | undefined;
  }
}
