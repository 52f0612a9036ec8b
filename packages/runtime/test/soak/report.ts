import type { ScheduleInfo } from "@mofa/kernel";
import type { Books } from "./books.ts";
import type { Changes } from "./changes.ts";
import { growth, type Sample } from "./samples.ts";

export interface Course {
  readonly seconds: number;
  readonly books: Books;
  readonly before: { readonly sample: Sample; readonly resources: number };
  readonly after: {
    readonly sample: Sample;
    readonly resources: number;
    readonly calls: number;
    readonly watchers: number;
  };
  readonly samples: readonly Sample[];
  readonly changes: Changes["figures"];
  readonly restarts: number;
  readonly letters: number;
  readonly endMs: number;
  readonly pulse: ScheduleInfo;
  readonly budget: { readonly spent: number; readonly limit: number };
}

// What the heap may seem to grow by: the compiler and caches settle for a while, and samples are not alike.
const MOST_GROWTH = 4;
const OWN_WATCHERS = 2;

/** A table of figures, and what is wrong with them. */
export function toReport(course: Course): { readonly text: string; readonly problems: readonly string[] } {
  const { samples } = course;
  // The first third is warming up.
  const steady = samples.slice(Math.floor(samples.length / 3));
  const grown = growth(steady);
  const problems = [...course.books.problems, ...findProblems(course, grown)];
  const rows = [...toRows(course), ["heap, by the best line", `${signed(grown)} MiB over ${span(steady)} s`] as const];
  const width = Math.max(...rows.map(([name]) => name.length));
  const table = rows.map(([name, value]) => `${name.padEnd(width)}  ${value}`);
  const verdict = problems.length === 0 ? ["nothing lost, nothing left"] : problems.map((one) => `WRONG: ${one}`);
  return { text: `${[...table, "", ...verdict].join("\n")}\n`, problems };
}

function findProblems({ books, after, before, budget, letters, changes, restarts, pulse }: Course, grown: number) {
  const { told } = books;
  const claims: readonly (readonly [boolean, string])[] = [
    [books.size === 0, `${books.size} have not ended: ${books.open.slice(0, 10).join(", ")}`],
    [told.handled + told.dead === told.receivers, "what was handled and what is dead is not what was sent"],
    [letters === told.dead, `${letters} dead letters were counted, ${told.dead} were told of`],
    [budget.spent <= budget.limit, `a budget of ${budget.limit} calls let ${budget.spent} pass`],
    [grown < MOST_GROWTH, `the heap grew by ${grown.toFixed(1)} MiB`],
    [after.calls === 0, `${after.calls} calls are in flight`],
    [after.watchers === OWN_WATCHERS, `${after.watchers - OWN_WATCHERS} watchers are left`],
    [after.sample.children === 0, `${after.sample.children} processes are left`],
    [after.sample.files <= before.sample.files, `${after.sample.files - before.sample.files} files are left open`],
    [after.resources <= before.resources, `${after.resources - before.resources} resources are left`],
    [told.handled > 0 && told.dead > 0 && told.refused > 0, "not all fates of a message came about"],
    [restarts > 0 && changes.swaps > 0 && changes.rollbacks > 0 && changes.failed > 0, "not all changes came about"],
    [pulse.done > 0, "the schedule did nothing"],
  ];
  return claims.flatMap(([holds, problem]) => (holds ? [] : [problem]));
}

function toRows(course: Course): readonly (readonly [string, string])[] {
  const { books, seconds, changes, samples, before, after, pulse, budget } = course;
  const { sent, receivers, handled, dead, refused } = books.told;
  const [first, last] = [samples[0], samples.at(-1)];
  return [
    ["seconds", String(seconds)],
    ["messages", `${sent} sent to ${receivers} receivers: ${handled} handled, ${dead} dead, ${refused} refused`],
    ...[...books.ended].map(([what, ends]) => [`${what}s`, sayEnds(ends)] as const),
    ["schedule", `${pulse.done} done, ${pulse.failed} failed, ${pulse.missed} missed`],
    ["frugal tenant", `${budget.spent} of ${budget.limit} calls`],
    ["restarts", String(course.restarts)],
    ["plugin", `${changes.swaps} swaps, ${changes.rollbacks} rollbacks, ${changes.failed} failed`],
    ["plugin files", `${changes.files} written, ${changes.broken} of them broken`],
    ["end", `${Math.round(course.endMs)} ms`],
    ["heap", `${mib(first?.heap)} at first, ${mib(last?.heap)} at last, ${mib(after.sample.heap)} after the end`],
    ["resident", `${mib(first?.rss)} at first, ${mib(last?.rss)} at last`],
    ["open files", `${before.sample.files} before, ${last?.files} at work, ${after.sample.files} after`],
    ["processes", `${last?.children} at work, ${after.sample.children} after`],
  ];
}

function sayEnds(ends: ReadonlyMap<string, number>): string {
  return [...ends]
    .sort(([, left], [, right]) => right - left)
    .map(([how, count]) => `${count} ${how}`)
    .join(", ");
}

const mib = (amount = 0) => `${amount.toFixed(1)} MiB`;
const signed = (amount: number) => `${amount < 0 ? "" : "+"}${amount.toFixed(2)}`;
const span = (samples: readonly Sample[]) => Math.round((samples.at(-1)?.at ?? 0) - (samples[0]?.at ?? 0));
