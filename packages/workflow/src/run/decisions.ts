// Questions that runs of this process have asked, and those who wait for the answers.
//
// 1. An answer exists once the journal has it, and only once: whoever comes later learns the first one.
// 2. A waiter hears of it from this process at once, from another one at the next poll.
// 3. A question that nobody answered in time is answered by its fallback, through the same door.
import {
  type Answer,
  type Clock,
  isMofaError,
  type Journal,
  type JournalRow,
  type Json,
  type NewTask,
  type Question,
  type TaskAnswer,
  type TaskRecord,
  toJson,
} from "@mofa/kernel";
import { fail } from "../errors.ts";
import type { StepFrame } from "./frame.ts";
import { short } from "./identity.ts";
import { checkAnswer, checkQuestion } from "./question.ts";
import type { RunLog, RunPart } from "./run-log.ts";

export interface DecisionsOptions {
  readonly journal: Journal;
  readonly clock: Clock;
  /** What happens to questions: somebody decides, or the fallback does at once. */
  readonly mode: "wait" | "fallback";
  token(): string;
}

export interface Decisions {
  ask(frame: StepFrame, question: Question): Promise<Answer>;
  decide(token: string, answer: TaskAnswer): Promise<TaskRecord>;
  /** Whether somebody in this process waits for it. */
  waits(token: string): boolean;
  /** Looks for answers to what a run has asked. */
  look(run: string): Promise<void>;
}

export function createDecisions({ journal, clock, mode, token: newToken }: DecisionsOptions): Decisions {
  const waiting = new Map<string, { readonly run: string; give(task: TaskRecord): void }>();

  function settle(task: TaskRecord): void {
    if (task.answer === undefined) return;
    waiting.get(task.token)?.give(task);
  }

  /** Answers by the fallback; when somebody was faster, that answer counts. */
  async function fallBack(token: string, { fallback }: Question): Promise<TaskRecord> {
    try {
      return await journal.answer(token, { value: toJson(fallback), by: "fallback" });
    } catch (error) {
      const task = isMofaError(error, "task.already_answered") ? await journal.task(token) : undefined;
      if (task === undefined) throw error;
      return task;
    }
  }

  /** Waits for the answer, or for its time to be over. */
  async function untilAnswered(frame: StepFrame, { token, question, expiresAt }: NewTask): Promise<TaskRecord> {
    let answered: TaskRecord | undefined;
    // A failure closes the log, which ends the wait.
    const settleBy = (ask: () => Promise<TaskRecord | undefined>) =>
      frame.log.query(ask).then(
        (task) => task !== undefined && settle(task),
        () => {},
      );
    await frame.wait({ until: expiresAt }, (wake) => {
      const expire = () => void settleBy(() => fallBack(token, question));
      const timer = expiresAt === undefined ? undefined : clock.after(Math.max(0, expiresAt - clock.now()), expire);
      const disarm = () => {
        timer?.();
        waiting.delete(token);
      };
      const give = (task: TaskRecord) => {
        answered = task;
        disarm();
        wake();
      };
      waiting.set(token, { run: frame.run, give });
      // It may have been answered just before somebody waited.
      void settleBy(() => journal.task(token));
      return disarm;
    });
    if (answered === undefined) throw fail("decision.not_found", { token });
    return answered;
  }

  function toTask(frame: StepFrame, key: string, question: Question): NewTask {
    const { timeout } = question;
    const task = { token: newToken(), run: frame.run, key, question };
    return timeout === undefined ? task : { ...task, expiresAt: clock.now() + timeout };
  }

  /** The task that an earlier life opened at this place. */
  async function find(log: RunLog, row: JournalRow | undefined): Promise<TaskRecord | undefined> {
    if (row === undefined) return undefined;
    const known = answerIn(row.body);
    if (known !== undefined) return known;
    const token = String(row.body);
    const task = await log.query(() => journal.task(token));
    if (task === undefined) throw fail("decision.not_found", { token });
    return task;
  }

  /** Opens the task if no earlier life did, and waits; the run shows that it waits. */
  async function wait(frame: StepFrame, task: NewTask, part: RunPart): Promise<TaskRecord> {
    const done = frame.beginWait({ until: task.expiresAt, forDecision: true });
    try {
      await frame.log.append({ ...part, update: { status: "waiting" } });
      if (part.tasks !== undefined) tell(frame, task.token, "open");
      frame.call?.emit("run.changed", { run: frame.run, status: "waiting", reason: task.question.title });
      const answered = await untilAnswered(frame, task);
      tell(frame, task.token, "answered");
      frame.call?.emit("run.changed", { run: frame.run, status: "running" });
      return answered;
    } finally {
      done();
    }
  }

  /** Lets the fallback answer at once: where nobody waits for decisions. */
  async function answerByFallback(frame: StepFrame, task: NewTask, part: RunPart): Promise<TaskRecord> {
    if (part.tasks !== undefined) await frame.log.append(part);
    const answered = await frame.log.query(() => fallBack(task.token, task.question));
    tell(frame, task.token, "answered");
    return answered;
  }

  return {
    async ask(frame, asked) {
      const question = checkQuestion(asked);
      const key = frame.place(`ask:${short(toJson(question))}`);
      const kept = await find(frame.log, frame.log.take(key));
      if (kept?.answer !== undefined) return toAnswer(kept);
      if (mode === "fallback" && question.fallback === undefined)
        throw fail("decision.no_fallback", { title: question.title });
      await frame.log.ready();
      const task = kept ?? toTask(frame, key, question);
      const row = frame.row({ key, type: "ask", kind: "ask", name: question.title.slice(0, 100), body: task.token });
      const settled = mode === "fallback" ? answerByFallback : wait;
      return toAnswer(await settled(frame, task, kept === undefined ? { rows: [row], tasks: [task] } : {}));
    },
    async decide(token, answer) {
      const task = await journal.task(token);
      if (task === undefined) throw fail("decision.not_found", { token });
      if (task.answer === undefined) checkAnswer(task, answer.value);
      const answered = await journal.answer(token, { ...answer, value: toJson(answer.value) });
      settle(answered);
      return answered;
    },
    waits: (token) => waiting.has(token),
    async look(run) {
      const tokens = [...waiting].flatMap(([token, waiter]) => (waiter.run === run ? token : []));
      for (const task of await Promise.all(tokens.map((token) => journal.task(token))))
        if (task !== undefined) settle(task);
    },
  };
}

function toAnswer({ token, answer }: TaskRecord): Answer {
  if (answer === undefined) throw fail("decision.not_found", { token });
  return answer;
}

/** The answered task that a fork has taken over whole: its own is the other run's. */
function answerIn(body: Json | undefined): TaskRecord | undefined {
  return typeof body === "object" && body !== null ? (body as unknown as TaskRecord) : undefined;
}

function tell(frame: StepFrame, token: string, status: "open" | "answered"): void {
  frame.call?.emit("decision.changed", { run: frame.run, token, status });
}

/** Leaves out open questions of runs that have ended: nobody waits for their answers any more. */
export async function withoutEnded(journal: Journal, tasks: readonly TaskRecord[]): Promise<readonly TaskRecord[]> {
  const open = [...new Set(tasks.flatMap(({ status, run }) => (status === "open" ? run : [])))];
  const records = open.length === 0 ? [] : await journal.list({ ids: open, limit: open.length });
  const ended = new Set(records.flatMap(({ id, finishedAt }) => (finishedAt === undefined ? [] : id)));
  return tasks.filter(({ status, run }) => status !== "open" || !ended.has(run));
}
