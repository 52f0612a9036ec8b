import { type Engine, type Json, RUN_ENDS, type RunRecord, type RunStatus } from "@mofa/sdk";
import { diffRuns, replayCheck } from "@mofa/sdk/workflow";
import { fail } from "../errors.ts";
import { openProject } from "../project/config.ts";
import { type OpenedProject, openAt } from "../project/open.ts";
import { describeDiff, describeRun, describeVerdicts, listRuns, listSteps } from "../project/run-lines.ts";
import type { Terminal } from "../terminal.ts";

export interface ListOptions {
  readonly status?: readonly RunStatus[];
  readonly name?: string;
  readonly queue?: string;
  readonly limit?: number;
}

export interface ForkOptions {
  readonly from?: string;
  readonly input?: string;
}

/**
 * Looks at the kept runs of a project, and steers them, through its database: whether it is at work or not. What is
 * changed here is noticed there; nothing is worked on here.
 */
export function createRunsCommand(folder: string, terminal: Terminal) {
  const open = async (work: (engine: Engine, opened: OpenedProject) => Promise<string>) => {
    const project = await openProject(folder, process.env, terminal.secrets);
    await using opened = await openAt(project, { env: process.env, quiet: true, unwatched: true });
    terminal.print(await work(opened.mofa.engine(), opened));
    return 0;
  };
  return {
    list: (options: ListOptions) =>
      open(async (engine) => {
        const runs = await engine.list(options);
        return runs.length === 0 ? "no runs" : listRuns(runs);
      }),
    show: (id: string) =>
      open(async (engine) =>
        describeRun(await engine.open(id).record(), await engine.decisions({ run: id, status: "open" })),
      ),
    steps: (id: string) =>
      open(async (engine) => {
        const rows = await engine.open(id).steps();
        return rows.length === 0 ? "no steps yet" : listSteps(rows);
      }),
    fork: (id: string, { from, input }: ForkOptions) =>
      open(async (engine) => {
        const fork = await engine
          .open(id)
          .fork({ ...(from !== undefined && { from }), ...(input !== undefined && { input: readJson(input) }) });
        return `${fork.id} is a fork of ${id}`;
      }),
    signal: (id: string, name: string, body: string | undefined) =>
      open(async (engine) => {
        await engine.open(id).signal(name, body === undefined ? null : readJson(body));
        return `${id} has been told "${name}"`;
      }),
    cancel: (id: string, reason: string | undefined) =>
      open(async (engine) => {
        const run = engine.open(id);
        assertOpen(await run.record());
        await run.cancel(reason);
        const after = await run.record();
        if (after.status === "cancelled") return `${id} is cancelled`;
        // It may have come to its end in the meantime.
        assertOpen(after);
        return `${id} is ${after.status} and has been asked to stop`;
      }),
    requeue: (id: string) =>
      open(async (engine) => {
        const before = await engine.open(id).status();
        if (before !== "dead") throw fail("usage.not_dead", { run: id, status: before });
        await engine.open(id).requeue();
        return `${id} is ${await engine.open(id).status()}`;
      }),
    diff: (a: string, b: string) =>
      open(async (engine) => describeDiff(diffRuns(await engine.open(a).steps(), await engine.open(b).steps()))),
  };
}

/** Says which open runs the project, as it is now, would break. 0 when none, else 1. */
export async function checkReplay(
  folder: string,
  options: { readonly run?: string; readonly name?: string },
  terminal: Terminal,
): Promise<number> {
  const project = await openProject(folder, process.env, terminal.secrets);
  await using opened = await openAt(project, { env: process.env, quiet: true, unwatched: true });
  const verdicts = await replayCheck(opened.mofa, options);
  terminal.print(describeVerdicts(verdicts));
  return verdicts.some(({ breaks }) => breaks) ? 1 : 0;
}

function assertOpen({ id, status, error }: RunRecord): void {
  if (RUN_ENDS.includes(status)) throw fail("usage.ended", { run: id, status, reason: error?.message });
}

function readJson(text: string): Json {
  try {
    // Whatever parses is JSON.
    return JSON.parse(text) as Json;
  } catch (cause) {
    throw fail("usage.bad_json", { value: text }, { cause });
  }
}
