// What is said between a script and its host while its items are called.
//
// 1. What the bridge is given is checked: the other side is the script's.
// 2. A talk that is closed waits for nothing.
import type { FromWorker, JobLine } from "../wire.ts";

type Answer = readonly [call: number, good: boolean, text: string];

export interface Talk {
  /** Outcomes that came since `begin`. */
  readonly received: readonly string[];
  /** Something was asked, and is not answered yet. */
  readonly open: boolean;
  /** Whether the script turned to its host at all, where it had none. */
  readonly turned: boolean;
  /** Forgets what was said; without a host, asking is noted and nothing more. */
  begin(host: boolean): void;
  bridge(operation: unknown, call: unknown, name: unknown, text: unknown): void;
  answer(...answer: Answer): void;
  /** The next answer, waited for if need be; undefined once closed. */
  next(): Promise<Answer | undefined>;
  close(): void;
}

/** Opens the talk of one job. */
export function openTalk(job: JobLine, send: (line: FromWorker) => void): Talk {
  let received: string[] = [];
  let answers: Answer[] = [];
  let asked = 0;
  let answered = 0;
  let host = true;
  let turned = false;
  let closed = false;
  let wake = () => {};

  return {
    get received() {
      return received;
    },
    get open() {
      return asked > answered;
    },
    get turned() {
      return turned;
    },
    begin(withHost) {
      received = [];
      answers = [];
      asked = 0;
      answered = 0;
      host = withHost;
      turned = false;
    },
    bridge(operation, call, name, text) {
      if (typeof operation !== "string" || typeof call !== "number") return;
      if (typeof name !== "string" || typeof text !== "string") return;
      if (operation === "outcome") {
        for (const line of text.split("\n")) received.push(line);
        return;
      }
      turned ||= !host;
      if (operation !== "log") asked++;
      const allowed = host && asked <= job.limits.hostCalls;
      if (allowed) send({ type: "host", job: job.job, call, operation, name, text });
    },
    answer(...answer) {
      answers.push(answer);
      wake();
    },
    async next() {
      if (answers.length === 0 && !closed) {
        send({ type: "waiting", job: job.job });
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      answered++;
      return closed ? undefined : answers.shift();
    },
    close() {
      closed = true;
      wake();
    },
  };
}
