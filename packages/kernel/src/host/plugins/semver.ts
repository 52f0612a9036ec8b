// Semantic versions and ranges, with the grammar and the pre-release rule of npm: what people write in a package.json
// means the same in a need.

/** A version, read. Build metadata does not count. */
export interface Version {
  readonly numbers: readonly [major: number, minor: number, patch: number];
  readonly pre: readonly (string | number)[];
}

interface Comparator {
  readonly operator: "<" | "<=" | ">" | ">=" | "=";
  readonly version: Version;
}

/** Sets of comparators: a version is in the range when it fits all of one set. */
export type Range = readonly (readonly Comparator[])[];

const NUMBER = "(?:0|[1-9]\\d*)";
const PRE = `(?:-((?:${NUMBER}|\\d*[a-zA-Z-][\\da-zA-Z-]*)(?:\\.(?:${NUMBER}|\\d*[a-zA-Z-][\\da-zA-Z-]*))*))?`;
const BUILD = "(?:\\+[\\da-zA-Z-]+(?:\\.[\\da-zA-Z-]+)*)?";
const PART = `(${NUMBER}|[xX*])`;
const PARTIAL = `v?${PART}(?:\\.${PART}(?:\\.${PART}${PRE}${BUILD})?)?`;
const VERSION = new RegExp(`^\\s*v?(${NUMBER})\\.(${NUMBER})\\.(${NUMBER})${PRE}${BUILD}\\s*$`, "u");
const HYPHEN = new RegExp(`^${PARTIAL}\\s+-\\s+${PARTIAL}$`, "u");
const ONE = new RegExp(`\\s*(\\^|~>?|[<>]=?|=|)\\s*${PARTIAL}(?=\\s|$)`, "uy");
const LONGEST = 256;

/** Reads a version; undefined when it is none. */
export function parseVersion(text: string): Version | undefined {
  const match = text.length > LONGEST ? null : VERSION.exec(text);
  if (match === null) return undefined;
  const [, major = "", minor = "", patch = "", pre] = match;
  return checked({ numbers: [Number(major), Number(minor), Number(patch)], pre: parsePre(pre) });
}

/** Reads a range: `^1.2`, `~1.2.3`, `>=1 <3`, `1.x || 2.x`, `1.2 - 1.4`; undefined when it is not understood. */
export function parseRange(text: string): Range | undefined {
  if (text.length > LONGEST) return undefined;
  const sets: (readonly Comparator[])[] = [];
  for (const part of text.split("||")) {
    const set = parseSet(part.trim());
    if (set === undefined || set.some(({ version }) => checked(version) === undefined)) return undefined;
    sets.push(set);
  }
  // As for npm, "any" beside others is just "any": pre-releases that the others ask for are not in it.
  return sets.some((set) => set.length === 0) ? [[]] : sets;
}

/** Says whether a version is in a range. A pre-release is only where one of the same numbers is asked for. */
export function inRange(version: Version, range: Range): boolean {
  return range.some((set) => set.every((comparator) => fits(version, comparator)) && isAskedFor(version, set));
}

/** Below zero when left is the older one, above when it is the newer. */
export function compareVersions(left: Version, right: Version): number {
  for (let index = 0; index < 3; index++) {
    const difference = (left.numbers[index] ?? 0) - (right.numbers[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return comparePre(left.pre, right.pre);
}

function isAskedFor(version: Version, set: readonly Comparator[]): boolean {
  if (version.pre.length === 0) return true;
  return set.some(
    ({ version: { numbers, pre } }) =>
      pre.length > 0 && numbers.every((part, index) => part === version.numbers[index]),
  );
}

function fits(version: Version, comparator: Comparator): boolean {
  const order = compareVersions(version, comparator.version);
  switch (comparator.operator) {
    case "<":
      return order < 0;
    case "<=":
      return order <= 0;
    case ">":
      return order > 0;
    case ">=":
      return order >= 0;
    case "=":
      return order === 0;
  }
}

function comparePre(left: Version["pre"], right: Version["pre"]): number {
  // A release comes after all its pre-releases.
  if (left.length === 0 || right.length === 0) return right.length - left.length;
  for (let index = 0; index < Math.max(left.length, right.length); index++) {
    const [a, b] = [left[index], right[index]];
    if (a === undefined) return -1;
    if (b === undefined) return 1;
    if (a === b) continue;
    // Numbers come before words.
    if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
    return a < b ? -1 : 1;
  }
  return 0;
}

/** What was written, perhaps with parts left open: `1`, `1.2`, `1.x`, `1.2.3-beta.1`. */
interface Written {
  readonly numbers: readonly number[];
  readonly pre: Version["pre"];
}

function parseSet(text: string): readonly Comparator[] | undefined {
  const hyphen = HYPHEN.exec(text);
  if (hyphen !== null) {
    const [from, to] = [writtenAt(hyphen, 1), writtenAt(hyphen, 5)];
    return from === undefined || to === undefined ? undefined : trimmed(between(from, to));
  }
  const set: Comparator[] = [];
  for (ONE.lastIndex = 0; ONE.lastIndex < text.length; ) {
    const match = ONE.exec(text);
    const written = match === null ? undefined : writtenAt(match, 2);
    if (written === undefined) return undefined;
    set.push(...expand(match?.[1] ?? "", written));
  }
  return trimmed(set);
}

function writtenAt(match: RegExpExecArray, from: number): Written | undefined {
  const texts = [match[from], match[from + 1], match[from + 2]];
  const open = texts.findIndex((part) => part === undefined || !isNumber(part));
  if (open < 0) return { numbers: texts.map(Number), pre: parsePre(match[from + 3]) };
  // A number after a part that was left open (1.x.3) is a slip of the pen.
  const slip = texts.slice(open).some((part) => part !== undefined && isNumber(part));
  return slip ? undefined : { numbers: texts.slice(0, open).map(Number), pre: [] };
}

/** From nought up means any: what else is in the set decides about pre-releases of nought. */
function trimmed(set: readonly Comparator[]): readonly Comparator[] {
  return set.filter(
    ({ operator, version: { numbers, pre } }) =>
      operator !== ">=" || pre.length > 0 || numbers.some((part) => part > 0),
  );
}

function expand(operator: string, written: Written): readonly Comparator[] {
  const open = written.numbers.length;
  const floor = floorOf(written);
  if (open === 0) return operator === "<" || operator === ">" ? [below([0, 0, 0])] : [];
  switch (operator) {
    case "^": {
      const leading = written.numbers.findIndex((part) => part > 0);
      return [{ operator: ">=", version: floor }, below(bumped(written, leading < 0 ? open - 1 : leading))];
    }
    case "~":
    case "~>":
      return [{ operator: ">=", version: floor }, below(bumped(written, Math.min(1, open - 1)))];
    case ">":
      if (open === 3) return [{ operator, version: floor }];
      return [{ operator: ">=", version: { numbers: bumped(written, open - 1), pre: [] } }];
    case "<=":
      return open === 3 ? [{ operator, version: floor }] : [below(bumped(written, open - 1))];
    case "<":
      return open === 3 ? [{ operator, version: floor }] : [below(floor.numbers)];
    case ">=":
      return [{ operator, version: floor }];
    default:
      if (open === 3) return [{ operator: "=", version: floor }];
      return [{ operator: ">=", version: floor }, below(bumped(written, open - 1))];
  }
}

function between(from: Written, to: Written): readonly Comparator[] {
  return [
    ...(from.numbers.length === 0 ? [] : expand(">=", from)),
    ...(to.numbers.length === 0 ? [] : expand("<=", to)),
  ];
}

/** Below a version and all its pre-releases: `-0` is the first of them. */
function below(numbers: Version["numbers"]): Comparator {
  return { operator: "<", version: { numbers, pre: [0] } };
}

function floorOf({ numbers: [major = 0, minor = 0, patch = 0], pre }: Written): Version {
  return { numbers: [major, minor, patch], pre };
}

/** The next version that differs in that place: of 1.2.3 in the second, 1.3.0. */
function bumped({ numbers: [major = 0, minor = 0, patch = 0] }: Written, place: number): Version["numbers"] {
  if (place === 0) return [major + 1, 0, 0];
  return place === 1 ? [major, minor + 1, 0] : [major, minor, patch + 1];
}

function parsePre(text: string | undefined): Version["pre"] {
  return (text?.split(".") ?? []).map((part) => (isNumber(part) ? Number(part) : part));
}

function isNumber(part: string): boolean {
  return /^\d+$/u.test(part);
}

function checked(version: Version): Version | undefined {
  return version.numbers.every(Number.isSafeInteger) ? version : undefined;
}
