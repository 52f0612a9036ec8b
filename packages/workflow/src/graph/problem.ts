/** One thing wrong with a definition: where, and what. */
export interface Problem {
  readonly at: Path;
  readonly message: string;
  /** The key itself is wrong, not what it holds. */
  readonly key?: boolean;
}

export type Path = readonly (string | number)[];

/** Writes a path as people do: `nodes[2].after[0]`. */
export function sayPath(path: Path): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === "number") return `${text}[${key}]`;
    return text === "" ? key : `${text}.${key}`;
  }, "");
}
