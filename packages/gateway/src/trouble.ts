import type { AgentInfo, BudgetState, JsonObject, PluginInfo, RunCount, ScheduleInfo } from "@mofa/kernel";
import type { Readiness } from "./health.ts";
import type { Part } from "./sight.ts";
import type { LettersSeen, Snapshot, TasksSeen } from "./snapshot.ts";

/** Something that an operator should look at. */
export interface Trouble extends JsonObject {
  /** `bad` does not work; `warn` soon will not, or wants a look. */
  readonly level: "bad" | "warn";
  readonly what: string;
  readonly why: string;
  /** The part of the page that shows more. */
  readonly part: string;
}

/** From this share of a budget on, its end is near. */
export const NEARLY = 0.9;

// Said by name in the parts of the page themselves.
const SEEN_ELSEWHERE = new Set(["plugins", "agents", "dead-letters"]);
const NAMED = 3;

/** What is wrong at this moment, the worst first. */
export function findTroubles(snapshot: Snapshot): readonly Trouble[] {
  const troubles = [
    ...of(snapshot.plugins, badPlugins),
    ...of(snapshot.agents, badAgents),
    ...badChecks(snapshot.health, "is" in snapshot.agents),
    ...of(snapshot.letters, deadLetters),
    ...of(snapshot.queues, deadRuns),
    ...of(snapshot.tasks, parkedTasks),
    ...of(snapshot.budgets, fullBudgets),
    ...of(snapshot.schedules, failingSchedules),
  ];
  return troubles.toSorted((one, other) => Number(one.level === "warn") - Number(other.level === "warn"));
}

function of<T>(part: Part<T>, find: (is: T) => readonly Trouble[]): readonly Trouble[] {
  return "is" in part ? find(part.is) : [];
}

function badPlugins(plugins: readonly PluginInfo[]): readonly Trouble[] {
  return plugins
    .filter(({ status }) => status === "failed" || status === "quarantined" || status === "waiting")
    .map(({ name, status, reason = "" }) => {
      const says = status === "quarantined" ? "is in quarantine" : status === "failed" ? "has failed" : "waits";
      const level = status === "waiting" ? "warn" : "bad";
      return { level, what: `The plugin ${name} ${says}`, why: reason, part: "plugins" };
    });
}

function badAgents(agents: readonly AgentInfo[]): readonly Trouble[] {
  const failed = agents.filter(({ status }) => status === "failed");
  const paused = agents.filter(({ status, queued }) => status === "paused" && queued > 0);
  const one = failed.map(({ name, reason = "" }) => bad(`The agent ${name} has failed`, reason, "agents"));
  const many = bad(`${failed.length} agents have failed`, sayNames(failed), "agents");
  const held = paused.map(({ name, queued }) =>
    warn(`The agent ${name} is paused`, `${sayCount(queued, "message")} waiting for it.`, "agents"),
  );
  return [...(one.length > NAMED ? [many] : one), ...held.slice(0, NAMED)];
}

function badChecks({ checks }: Readiness, agentsSeen: boolean): readonly Trouble[] {
  return checks
    .filter(({ name, status }) => status === "failed" && !(agentsSeen && SEEN_ELSEWHERE.has(name)))
    .map(({ name, detail }) => bad(`Not ready: ${name}`, detail, "health"));
}

function deadLetters({ kept, newest: [last] }: LettersSeen): readonly Trouble[] {
  if (last === undefined) return [];
  const what = kept === 1 ? "1 message came to nothing" : `${kept} messages came to nothing`;
  return [warn(what, `The last one, to ${last.to}: ${last.reason.message}`, "letters")];
}

function deadRuns(counts: readonly RunCount[]): readonly Trouble[] {
  const dead = counts.reduce((sum, { status, count }) => sum + (status === "dead" ? count : 0), 0);
  if (dead === 0) return [];
  const what = dead === 1 ? "1 run is dead" : `${dead} runs are dead`;
  return [bad(what, "Each lost too many workers. Mend the cause, then `mofa runs requeue ID`.", "runs")];
}

function parkedTasks({ counts, oldest }: TasksSeen): readonly Trouble[] {
  if (counts.parked === 0) return [];
  const reason = oldest.find(({ status }) => status === "parked")?.reason ?? "";
  return [warn(`${sayCount(counts.parked, "task")} parked: nobody takes such work`, reason, "tasks")];
}

/** The largest share of what a budget bounds that is spent. */
export function fullness({ limits, spent }: BudgetState): number {
  const shares = BOUNDED.map((what) => {
    const limit = limits[what];
    return limit === undefined ? 0 : limit === 0 ? 1 : spent[what] / limit;
  });
  return Math.max(...shares);
}

/** What can be bounded and adds up. */
export const BOUNDED = ["tokens", "cost", "ms", "calls"] as const;

function fullBudgets(budgets: readonly BudgetState[]): readonly Trouble[] {
  const full = budgets.filter((budget) => budget.scope !== "call" && fullness(budget) >= NEARLY);
  const worst = Math.max(0, ...full.map(fullness));
  const say = worst >= 1 ? bad : warn;
  if (full.length > NAMED) return [say(`${full.length} budgets are used up, or nearly so`, "", "budgets")];
  return full.map((budget) => (fullness(budget) >= 1 ? bad : warn)(sayFull(budget), "", "budgets"));
}

function sayFull(budget: BudgetState): string {
  const share = fullness(budget);
  const whose = budget.of === "" ? "" : ` of ${budget.of}`;
  return `The budget ${budget.name}${whose} is ${share >= 1 ? "used up" : `${Math.round(share * 100)} % spent`}`;
}

// The last failure is kept for good: only one that never worked is sure to be wrong now.
function failingSchedules(schedules: readonly ScheduleInfo[]): readonly Trouble[] {
  return schedules
    .filter(({ status, done, failed }) => status !== "ended" && failed > 0 && done === 0)
    .map(({ name, error }) => warn(`The schedule ${name} has only ever failed`, error?.message ?? "", "schedules"));
}

function bad(what: string, why: string, part: string): Trouble {
  return { level: "bad", what, why, part };
}

function warn(what: string, why: string, part: string): Trouble {
  return { level: "warn", what, why, part };
}

function sayNames(things: readonly { readonly name: string }[]): string {
  const names = things.slice(0, NAMED).map(({ name }) => name);
  return `${names.join(", ")} and ${things.length - NAMED} more.`;
}

function sayCount(count: number, noun: string): string {
  return count === 1 ? `1 ${noun} is` : `${count} ${noun}s are`;
}
