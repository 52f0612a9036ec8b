import { type Interrupt, listenForInterrupt } from "../interrupt.ts";
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
  // Let go of last: a second Ctrl-C while the project ends must be heard.
  using interrupt = listenForInterrupt();
  const opened = await openAt(project, {
    env: process.env,
    fallback: options.once === true,
    told: say,
    narrated: options.once !== true,
    ...(options.port === undefined ? {} : { port: options.port }),
  });
  await using _ = opened;
  // Awaited here: leaving the block ends the project.
  if (options.once !== true) return await stayUp(opened, interrupt, project);
  return await Promise.race([runOnce(opened), interrupt.happened.then(() => 130)]);
}

async function stayUp(opened: OpenedProject, interrupt: Interrupt, project: Project): Promise<number> {
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
  await interrupt.happened;
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
