import { untilInterrupted } from "../interrupt.ts";
import { openProject, type Project } from "../project/config.ts";
import { type OpenedProject, openAt } from "../project/open.ts";
import { collectOutcomes, printSummary } from "../project/summary.ts";
import { say } from "../say.ts";

export interface StartOptions {
  /** Runs everything that is there to its end, prints what came out, and stops. */
  readonly once?: boolean;
  readonly port?: number;
}

/** Runs a project folder: until Ctrl-C, or with `once` until all is done. Gives the exit code. */
export async function start(folder: string, options: StartOptions): Promise<number> {
  const project = await openProject(folder, process.env);
  const interrupt = untilInterrupted();
  const opened = await openAt(project, {
    env: process.env,
    fallback: options.once === true,
    told: say,
    narrated: options.once !== true,
    ...(options.port === undefined ? {} : { port: options.port }),
  });
  await using _ = opened;
  // Awaited here: leaving the block ends the project.
  if (options.once !== true) return await stayUp(opened, interrupt.signal, project);
  const code = await Promise.race([runOnce(opened), interrupted(interrupt.signal)]);
  interrupt.release();
  return code;
}

async function stayUp(opened: OpenedProject, signal: AbortSignal, project: Project): Promise<number> {
  const { inbox, mofa, url } = opened;
  if (inbox !== undefined) {
    const folder = project.path(project.config.inbox?.folder ?? "inbox");
    say(
      `${inbox.runs.size} tickets taken; drop another into ${folder}, edit ${project.path("rules")}, or press Ctrl-C`,
    );
  }
  const questions = await mofa.engine().decisions({ status: "open" });
  const waiting = questions.length === 1 ? "1 decision waits" : `${questions.length} decisions wait`;
  if (questions.length > 0) say(`${waiting} for a person${url === undefined ? "" : ` at ${url}`}`);
  await interrupted(signal);
  say("stopping: what is unfinished goes on at the next start");
  return 0;
}

async function runOnce({ inbox, model }: OpenedProject): Promise<number> {
  if (inbox === undefined) {
    say("this project has no inbox, so there is nothing to run once");
    return 0;
  }
  const started = performance.now();
  await Promise.allSettled([...inbox.runs.values()].map((run) => run.result()));
  const outcomes = await collectOutcomes(inbox.runs);
  process.stdout.write(`${printSummary(outcomes, inbox.refused, process.stdout.columns ?? 120)}\n`);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  process.stdout.write(`${seconds} s${model.rehearsal ? "; rehearsal: no real model was asked" : ""}.\n`);
  return outcomes.every(({ status }) => status === "done") ? 0 : 1;
}

function interrupted(signal: AbortSignal): Promise<number> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve(130);
    signal.addEventListener("abort", () => resolve(130), { once: true });
  });
}
