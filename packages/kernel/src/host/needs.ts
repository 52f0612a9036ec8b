import { fail } from "../errors.ts";
import type { Plugin } from "../plugin.ts";

/** A need, read: a kind, a named thing, or a plugin with a version range. */
type Need = { readonly kind: string; readonly name?: string } | { readonly plugin: string; readonly range: string };

/** What needs are checked against. */
export interface There {
  has(kind: string, name?: string): boolean;
  /** The version of an active plugin, or undefined. */
  version(plugin: string): string | undefined;
}

const NEED = /^(?:plugin:(?<plugin>[^@]+)(?:@(?<range>.+))?|(?<kind>[a-z][\w-]*)(?::(?<name>.+))?)$/u;

/** The needs of a plugin that are not met. */
export function missingNeeds(plugin: Plugin, there: There): readonly string[] {
  return (plugin.needs ?? []).filter((text) => !isMet(parseNeed(plugin.name, text), there));
}

/** Finds plugins that wait for each other: `a → b → a`; undefined when there is no circle. */
export function findCycle(waiting: readonly Plugin[]): string | undefined {
  const byName = new Map(waiting.map((plugin) => [plugin.name, plugin]));
  const visit = (name: string, path: readonly string[]): string | undefined => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name].join(" → ");
    for (const text of byName.get(name)?.needs ?? []) {
      const need = parseNeed(name, text);
      const cycle = "plugin" in need ? visit(need.plugin, [...path, name]) : undefined;
      if (cycle !== undefined) return cycle;
    }
    return undefined;
  };
  for (const plugin of waiting) {
    const cycle = visit(plugin.name, []);
    if (cycle !== undefined) return cycle;
  }
  return undefined;
}

/** Says whether a semantic version is in a range: `1.2.3`, `^1.2`, `~1.2`, `>=1.2`, `*`. */
export function inRange(version: string, range: string): boolean {
  const match = /^(\^|~|>=)?\s*v?(\d+)(?:\.(\d+))?(?:\.(\d+))?$/u.exec(range.trim());
  if (range.trim() === "*" || range.trim() === "") return true;
  if (match === null) return version === range.trim();
  const [, operator = "", ...wantedText] = match;
  const wanted = wantedText.map((part) => (part === undefined ? undefined : Number(part)));
  const have = version.split(/[-+]/u)[0]?.split(".").map(Number) ?? [];
  const floor = wanted.map((part) => part ?? 0);
  if (compare(have, floor) < 0) return false;
  if (operator === ">=") return true;
  return compare(have, ceiling(operator, wanted)) < 0;
}

function ceiling(operator: string, wanted: readonly (number | undefined)[]): readonly number[] {
  const [major = 0, minor, patch] = wanted;
  if (operator === "^") {
    if (major > 0 || minor === undefined) return [major + 1, 0, 0];
    return minor > 0 || patch === undefined ? [0, minor + 1, 0] : [0, 0, patch + 1];
  }
  if (minor === undefined) return [major + 1, 0, 0];
  return operator === "~" || patch === undefined ? [major, minor + 1, 0] : [major, minor, patch + 1];
}

function compare(left: readonly number[], right: readonly number[]): number {
  for (let index = 0; index < 3; index++) {
    const difference = (left[index] ?? 0) - (right[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}

function isMet(need: Need, there: There): boolean {
  if (!("plugin" in need)) return there.has(need.kind, need.name);
  const version = there.version(need.plugin);
  return version !== undefined && inRange(version, need.range);
}

function parseNeed(owner: string, text: string): Need {
  const groups = NEED.exec(text)?.groups;
  if (groups === undefined) throw fail("plugin.bad_need", { name: owner, need: text });
  const { plugin, range = "*", kind = "", name } = groups;
  if (plugin !== undefined) return { plugin, range };
  return name === undefined ? { kind } : { kind, name };
}
