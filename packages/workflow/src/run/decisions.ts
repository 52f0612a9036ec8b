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
  type NewTask,
  type Question,
  type TaskAnswer,
  type TaskRecord,
  toErrorJson,
  toJson,
} from "@mofa/kernel";
import { fail } from "../errors.ts";
import type { StepFrame } from "./frame.ts";
import { short } from "./identity.ts";
import { checkAnswer, checkQuestion } from "./question.ts";
import type { RunPart } from "./run-log.ts";

export interface DecisionsOptions {
  readonly journal: Journal;
  readonly clock: Clock;
  /** What happens to questions: somebody decides, or the fallback does at once. */
  readonly mode: "wait" | "fallback";
  token(): string;
  warn(message: string): void;
}

export interface Decisions {
  ask(frame: StepFrame, question: Question): Promise<Answer>;
  decide(token: string, answer: TaskAnswer): Promise<TaskRecord>;
  /** Whether somebody in this process waits for it. */
  waits(token: string): boolean;
  /** Looks for answers that came in elsewhere. */
  poll(): Promise<void>;
}

export function createDecisions({ journal, clock, mode, token: newToken, warn }: DecisionsOptions): Decisions {
  const waiting = new Map<string, (task: TaskRecord) => void>();

  function settle(task: TaskRecord): void {
    if (task.answer === undefined) return;
    waiting.get(task.token)?.(task);
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
    const failed = (error: unknown) =>
      warn(`The decision "${question.title}" is not settled yet: ${toErrorJson(error).message}`);
    await frame.wait((wake) => {
      const expire = () => void fallBack(token, question).then(settle, failed);
      const timer = expiresAt === undefined ? undefined : clock.after(Math.max(0, expiresAt - clock.now()), expire);
      const disarm = () => {
        timer?.();
        waiting.delete(token);
      };
      waiting.set(token, (task) => {
        answered = task;
        disarm();
        wake();
      });
      // It may have been answered just before somebody waited.
      journal.task(token).then((task) => task !== undefined && settle(task), failed);
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
  async function find(row: JournalRow | undefined): Promise<TaskRecord | undefined> {
    if (row === undefined) return undefined;
    const token = String(row.body);
    const task = await journal.task(token);
    if (task === undefined) throw fail("decision.not_found", { token });
    return task;
  }

  /** Opens the task if no earlier life did, and waits; the run shows that it waits. */
  async function wait(frame: StepFrame, task: NewTask, part: RunPart): Promise<TaskRecord> {
    const done = frame.log.beginWait(true);
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
    const answered = await fallBack(task.token, task.question);
    tell(frame, task.token, "answered");
    return answered;
  }

  return {
    async ask(frame, asked) {
      const question = checkQuestion(asked);
      const key = frame.place(`ask:${short(toJson(question))}`);
      const kept = await find(frame.log.take(key));
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
    async poll() {
      const tokens = [...waiting.keys()];
      for (const task of await Promise.all(tokens.map((token) => journal.task(token))))
        if (task !== undefined) settle(task);
    },
  };
}

function toAnswer({ token, answer }: TaskRecord): Answer {
  if (answer === undefined) throw fail("decision.not_found", { token });
  return answer;
}

function tell(frame: StepFrame, token: string, status: "open" | "answered"): void {
  frame.call?.emit("decision.changed", { run: frame.run, token, status });
}
