// What belongs to runs beside their rows: tasks, signals, listens and letters, in maps.
import type { Clock } from "../clock.ts";
import { toJson } from "../json.ts";
import type { Journal, RunAppend, TaskFilter } from "./journal.ts";
import type { Letter, Listen, NewSignal, SignalRecord, TaskAnswer, TaskRecord } from "./journal-records.ts";
import { refuse } from "./refuse.ts";
import { createThings } from "./things.ts";

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
  const ofRun = ({ run }: { readonly run: string }) => run;
  const tasks = createThings<TaskRecord, "run" | "status">({ run: ofRun, status: ({ status }) => status });
  const signals = new Map<string, Map<string, KeptSignal>>();
  const listens = createThings<Listen, "run" | "topic">({ run: ofRun, topic: ({ topic }) => topic });
  const letters = createThings<KeptLetter, "run">({ run: ofRun });

  function tasksAmong({ run, status }: TaskFilter): Iterable<TaskRecord> {
    if (run !== undefined) return tasks.of("run", run);
    // Answered ones are in the order of their answers there, not of the questions.
    return status === "open" ? tasks.of("status", status) : tasks.values();
  }

  function listensAmong({ run, topic }: { readonly run?: string; readonly topic?: string }): Iterable<Listen> {
    if (run !== undefined) return listens.of("run", run);
    return topic === undefined ? listens.values() : listens.of("topic", topic);
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
        const opened = { ...task, run, status: "open" as const, createdAt: clock.now() };
        if (tasks.get(task.token) === undefined) tasks.set(task.token, opened);
      }
      for (const letter of part.letters ?? []) {
        if (letters.get(letter.id) === undefined) letters.set(letter.id, { ...letter, run, takenUntil: 0 });
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
    endListens: (run) => listens.deleteOf("run", run),
    restart(run) {
      listens.deleteOf("run", run);
      for (const { token, status } of [...tasks.of("run", run)]) if (status === "open") tasks.delete(token);
    },
    delete(run) {
      tasks.deleteOf("run", run);
      listens.deleteOf("run", run);
      letters.deleteOf("run", run);
      signals.delete(run);
    },

    async tasks({ limit = 100, ...filter } = {}) {
      const { status } = filter;
      return first(tasksAmong(filter), limit, (task) => status === undefined || task.status === status).map(copy);
    },
    async task(token) {
      const task = tasks.get(token);
      return task === undefined ? undefined : copy(task);
    },
    async signals(run) {
      const waiting = [...(signals.get(run)?.values() ?? [])].filter(({ consumed }) => !consumed);
      return waiting.map(({ consumed: _, ...signal }) => copy(signal));
    },
    async listens(filter = {}) {
      const { topic } = filter;
      return [...listensAmong(filter)].filter((one) => topic === undefined || one.topic === topic).map(copy);
    },
    async topics() {
      return [...listens.shared("topic")].sort();
    },
    async letters({ leaseMs, limit }) {
      const now = clock.now();
      const free = first(letters.values(), limit, ({ takenUntil }) => takenUntil <= now);
      for (const letter of free) letter.takenUntil = now + leaseMs;
      return free.map(({ takenUntil: _, ...letter }) => copy(letter));
    },
    async sent(ids) {
      for (const id of ids) letters.delete(id);
    },
  };
}

/** The first of the things that are meant: what follows them is not looked at. */
function first<T>(things: Iterable<T>, limit: number, isMeant: (thing: T) => boolean): readonly T[] {
  const found: T[] = [];
  for (const thing of things) {
    if (found.length >= limit) break;
    if (isMeant(thing)) found.push(thing);
  }
  return found;
}

function listenKey(run: string, key: string): string {
  return `${run} ${key}`;
}

function copy<T>(value: T): T {
  return toJson(value) as unknown as T;
}
