import { createLog, type LogLevel, systemClock } from "@mofa/sdk";
import { pinoLog, type SignalWatch, watchSignals } from "@mofa/sdk/runtime";
import { openProject, type Project } from "../project/config.ts";
import { type OpenedProject, openAt } from "../project/open.ts";
import { collectOutcomes, printSummary } from "../project/summary.ts";
import type { Terminal } from "../terminal.ts";

export interface StartOptions {
  /** Runs everything that is there to its end, prints what came out, and stops. */
  readonly once?: boolean;
  readonly port?: number;
  /** How log lines are written; the config says it otherwise. */
  readonly log?: "json" | "text";
  readonly logLevel?: LogLevel;
}

/** Milliseconds that model calls and the like get to finish, so that nobody pays for them twice; runs that only wait are not waited for. */
const GRACE = 3000;

/** Runs a project folder: until Ctrl-C, or with `once` until all is done. Gives the exit code. */
export async function start(folder: string, options: StartOptions, terminal: Terminal): Promise<number> {
  const project = await openProject(folder, process.env, terminal.secrets);
  const { level, format } = project.config.log;
  using log = pinoLog({ level: options.logLevel ?? level, pretty: (options.log ?? format) === "text" });
  // The kernel hides secrets in what it logs; this comes from beside it.
  const faults = createLog("process", (entry) => log(terminal.secrets.redact(entry)), systemClock.now);
  // Let go of last: a second Ctrl-C while the project ends must be heard.
  using signals = watchSignals({ say: terminal.say, log: () => faults });
  const stop = new AbortController();
  const stopped = signals.happened.then((reason) => {
    stop.abort(reason);
    return reason.why === "signal" && options.once !== true ? 0 : reason.code;
  });
  const opened = await openAt(project, {
    env: process.env,
    signal: stop.signal,
    fallback: options.once === true,
    untimed: options.once === true,
    told: terminal.say,
    log,
    narrated: options.once !== true,
    ...(options.port === undefined ? {} : { port: options.port }),
  }).catch((error: unknown) => {
    if (stop.signal.aborted && error === stop.signal.reason) return undefined;
    throw error;
  });
  if (opened === undefined) return await stopped;
  await using _ = opened;
  // Awaited here: leaving the block ends the project.
  if (options.once !== true) return await stayUp(opened, signals, { project, terminal });
  return await Promise.race([runOnce(opened, terminal), stopped]);
}

interface Place {
  readonly project: Project;
  readonly terminal: Terminal;
}

async function stayUp(opened: OpenedProject, signals: SignalWatch, { project, terminal }: Place): Promise<number> {
  const { say } = terminal;
  const { inbox, mofa, url } = opened;
  if (inbox !== undefined) {
    const folder = project.path(project.config.inbox?.folder ?? "inbox");
    say(
      `${inbox.runs.size} tickets taken; drop another into ${folder}, edit ${project.path("rules")}, or press Ctrl-C`,
    );
  } else say(`${sayTimed(project)}press Ctrl-C to end it`);
  const questions = await mofa.engine().decisions({ status: "open" });
  const waiting = questions.length === 1 ? "1 decision waits" : `${questions.length} decisions wait`;
  if (questions.length > 0) say(`${waiting} for a person${url === undefined ? "" : ` at ${url}`}`);
  const reason = await signals.happened;
  say("stopping: what is unfinished goes on at the next start");
  // After a fault nothing can be relied upon: what is kept is kept, the rest gets no time.
  await mofa.end({ grace: reason.why === "signal" ? GRACE : 0 });
  return reason.why === "signal" ? 0 : reason.code;
}

function sayTimed({ config: { schedules } }: Project): string {
  if (schedules.length === 0) return "";
  return schedules.length === 1 ? "1 schedule keeps time; " : `${schedules.length} schedules keep time; `;
}

async function runOnce({ inbox, model }: OpenedProject, { say, print }: Terminal): Promise<number> {
  if (inbox === undefined) {
    say("this project has no inbox, so there is nothing to run once; leave out --once to keep it running");
    return 0;
  }
  const started = performance.now();
  await Promise.allSettled([...inbox.runs.values()].map((run) => run.result()));
  const outcomes = await collectOutcomes(inbox.runs);
  print(printSummary(outcomes, inbox.refused, process.stdout.columns ?? 120));
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  print(`${seconds} s${model.rehearsal ? "; rehearsal: no real model was asked" : ""}.`);
  return outcomes.every(({ status }) => status === "done") ? 0 : 1;
}
