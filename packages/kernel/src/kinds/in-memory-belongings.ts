// What belongs to runs beside their rows: tasks, signals, listens and letters, in maps.
import type { Clock } from "../clock.ts";
import { toJson } from "../json.ts";
import type { Journal, RunAppend } from "./journal.ts";
import type { Letter, Listen, NewSignal, SignalRecord, TaskAnswer, TaskRecord } from "./journal-records.ts";
import { refuse } from "./refuse.ts";

export interface RunBelongings
  extends Pick<Journal, "tasks" | "task" | "signals" | "listens" | "topics" | "letters" | "sent"> {
  /** Throws when a token would lead to the decision of another run. */
  checkTokens(batch: readonly RunAppend[]): void;
  append(part: RunAppend): void;
  answer(token: string, answer: TaskAnswer): TaskRecord;
  /** False when the id is known. */
  signal(signal: NewSignal): boolean;
  endListens(run: string): void;
  /** Forgets what the rows of a turn that is over had opened. */
  restart(run: string): void;
  delete(run: string): void;
}

interface KeptSignal extends SignalRecord {
  consumed: boolean;
}

interface KeptLetter extends Letter {
  takenUntil: number;
}

export function createRunBelongings(clock: Clock): RunBelongings {
  const tasks = new Map<string, TaskRecord>();
  const signals = new Map<string, Map<string, KeptSignal>>();
  const listens = new Map<string, Listen>();
  const letters = new Map<string, KeptLetter>();

  function deleteWhere<T extends { readonly run: string }>(kept: Map<string, T>, run: string): void {
    for (const [key, thing] of kept) if (thing.run === run) kept.delete(key);
  }

  return {
    checkTokens(batch) {
      const owners = new Map<string, string>();
      for (const { run, tasks: opened = [] } of batch) {
        for (const { token } of opened) {
          const by = tasks.get(token)?.run ?? owners.get(token) ?? run;
          if (by !== run) throw refuse("task.token_taken", { token, run, by });
          owners.set(token, run);
        }
      }
    },
    append(part) {
      const { run } = part;
      for (const task of part.tasks ?? []) {
        if (!tasks.has(task.token)) tasks.set(task.token, { ...task, run, status: "open", createdAt: clock.now() });
      }
      for (const letter of part.letters ?? []) {
        if (!letters.has(letter.id)) letters.set(letter.id, { ...letter, run, takenUntil: 0 });
      }
      for (const listen of part.listens ?? []) listens.set(listenKey(run, listen.key), { ...listen, run });
      for (const key of part.unlistens ?? []) listens.delete(listenKey(run, key));
      for (const id of part.consumed ?? []) {
        const signal = signals.get(run)?.get(id);
        if (signal !== undefined) signal.consumed = true;
      }
    },
    answer(token, given) {
      const task = tasks.get(token);
      if (task === undefined) throw refuse("task.not_found", { token }, { stack: false });
      if (task.answer !== undefined)
        throw refuse("task.already_answered", { token, by: task.answer.by }, { stack: false });
      const answered: TaskRecord = { ...task, status: "answered", answer: { ...copy(given), at: clock.now() } };
      tasks.set(token, answered);
      return copy(answered);
    },
    signal(signal) {
      const known = signals.get(signal.run) ?? new Map<string, KeptSignal>();
      if (known.has(signal.id)) return false;
      known.set(signal.id, { ...signal, at: clock.now(), consumed: false });
      signals.set(signal.run, known);
      return true;
    },
    endListens: (run) => deleteWhere(listens, run),
    restart(run) {
      deleteWhere(listens, run);
      for (const [token, task] of tasks) if (task.run === run && task.status === "open") tasks.delete(token);
    },
    delete(run) {
      for (const kept of [tasks, listens, letters]) deleteWhere(kept as Map<string, { readonly run: string }>, run);
      signals.delete(run);
    },

    async tasks({ status, run, limit = 100 } = {}) {
      const fits = (task: TaskRecord) =>
        (status === undefined || task.status === status) && (run === undefined || task.run === run);
      return [...tasks.values()].filter(fits).slice(0, limit).map(copy);
    },
    async task(token) {
      const task = tasks.get(token);
      return task === undefined ? undefined : copy(task);
    },
    async signals(run) {
      const waiting = [...(signals.get(run)?.values() ?? [])].filter(({ consumed }) => !consumed);
      return waiting.map(({ consumed: _, ...signal }) => copy(signal));
    },
    async listens({ topic, run } = {}) {
      return [...listens.values()]
        .filter((one) => (topic === undefined || one.topic === topic) && (run === undefined || one.run === run))
        .map(copy);
    },
    async topics() {
      return [...new Set([...listens.values()].map(({ topic }) => topic))].sort();
    },
    async letters({ leaseMs, limit }) {
      const now = clock.now();
      const free = [...letters.values()].filter(({ takenUntil }) => takenUntil <= now).slice(0, limit);
      for (const letter of free) letter.takenUntil = now + leaseMs;
      return free.map(({ takenUntil: _, ...letter }) => copy(letter));
    },
    async sent(ids) {
      for (const id of ids) letters.delete(id);
    },
  };
}

function listenKey(run: string, key: string): string {
  return `${run} ${key}`;
}

function copy<T>(value: T): T {
  return toJson(value) as unknown as T;
}
