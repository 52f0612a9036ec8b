import { fail } from "../../errors.ts";
import type { Plugin } from "../../plugin.ts";
import { inRange, parseRange, parseVersion, type Range } from "./semver.ts";

/** A need, read: a kind, a named thing, or a plugin with a version range. */
export type Need = KindNeed | PluginNeed;

interface KindNeed {
  readonly text: string;
  readonly optional: boolean;
  readonly kind: string;
  readonly name?: string;
}

interface PluginNeed {
  readonly text: string;
  readonly optional: boolean;
  readonly plugin: string;
  /** Undefined where any version will do. */
  readonly range: Range | undefined;
}

/** What needs are checked against. */
export interface There {
  has(kind: string, name?: string): boolean;
  /** The version of an active plugin, or undefined. */
  version(plugin: string): string | undefined;
}

/** A plugin as its needs see it. */
export interface Member {
  readonly plugin: Plugin;
  readonly needs: readonly Need[];
  /** What it brings, as far as that is known: `tool:weather`, `store`. */
  readonly brings: readonly string[];
}

const NEED =
  /^(?:plugin:(?<plugin>@?[^@?]+)(?:@(?<range>[^?]+))?|(?!plugin:)(?<kind>[a-z][\w-]*)(?::(?<name>[^?]+))?)(?<optional>\?)?$/u;

/** Reads the needs of a plugin; throws `plugin.bad_need` for what is not understood. */
export function parseNeeds({ name, needs = [] }: Plugin): readonly Need[] {
  return needs.map((text) => parseNeed(name, text));
}

/** The needs that must be met and are not. */
export function missingNeeds(needs: readonly Need[], there: There): readonly string[] {
  return needs.filter((need) => !need.optional && !isMet(need, there)).map(({ text }) => text);
}

/** The optional needs that one of these plugins, which have yet to start, will meet. */
export function comingNeeds(needs: readonly Need[], waiting: readonly Member[]): readonly string[] {
  return needs.filter((need) => need.optional && waiting.some((other) => meets(other, need))).map(({ text }) => text);
}

/** Finds plugins that wait for each other by name: `a → b → a`; undefined when there is no circle. */
export function findCycle(members: readonly Member[]): string | undefined {
  return circle(members, (need) => "plugin" in need);
}

/** Finds plugins that wait for what the other brings, by name or by what is known of them. */
export function findStandstill(waiting: readonly Member[], there: There): string | undefined {
  return circle(waiting, (need) => !need.optional && !isMet(need, there));
}

function circle(members: readonly Member[], counts: (need: Need) => boolean): string | undefined {
  const done = new Set<Member>();
  const visit = (member: Member, path: readonly Member[]): string | undefined => {
    const begin = path.indexOf(member);
    if (begin >= 0) return [...path.slice(begin), member].map(({ plugin }) => plugin.name).join(" → ");
    if (done.has(member)) return undefined;
    for (const need of member.needs.filter(counts)) {
      for (const other of members.filter((one) => meets(one, need))) {
        const found = visit(other, [...path, member]);
        if (found !== undefined) return found;
      }
    }
    done.add(member);
    return undefined;
  };
  for (const member of members) {
    const found = visit(member, []);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** Whether a plugin, once it is there, meets a need. */
function meets({ plugin, brings }: Member, need: Need): boolean {
  if ("plugin" in need) return plugin.name === need.plugin && isVersionIn(plugin.version, need.range);
  const { kind, name } = need;
  return brings.some((thing) =>
    name === undefined ? thing === kind || thing.startsWith(`${kind}:`) : thing === `${kind}:${name}`,
  );
}

function isMet(need: Need, there: There): boolean {
  if (!("plugin" in need)) return there.has(need.kind, need.name);
  const version = there.version(need.plugin);
  return version !== undefined && isVersionIn(version, need.range);
}

function isVersionIn(text: string, range: Range | undefined): boolean {
  if (range === undefined) return true;
  const version = parseVersion(text);
  return version !== undefined && inRange(version, range);
}

function parseNeed(owner: string, text: string): Need {
  const groups = NEED.exec(text)?.groups;
  if (groups === undefined) throw fail("plugin.bad_need", { name: owner, need: text });
  const { plugin, range: rangeText, kind = "", name } = groups;
  const optional = groups["optional"] !== undefined;
  if (plugin === undefined) return name === undefined ? { text, optional, kind } : { text, optional, kind, name };
  const range = rangeText === undefined ? undefined : parseRange(rangeText);
  if (rangeText !== undefined && range === undefined) throw fail("plugin.bad_need", { name: owner, need: text });
  return { text, optional, plugin, range };
}
