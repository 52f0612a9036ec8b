import {
  type AnyAction,
  type ErrorJson,
  type Journal,
  type JournalRow,
  type KindName,
  RUN_ENDS,
  type RunRecord,
  type RunStatus,
  toErrorJson,
} from "@mofa/kernel";
import { fail } from "../errors.ts";
import { actionOf, dryRun, type ReplayHost } from "./dry-run.ts";

export interface ReplayOptions {
  /** Only this run. */
  readonly run?: string;
  /** Only runs of actions of this name. */
  readonly name?: string;
  /** Tried in place of the registered action of its kind and name: code that is yet to be served. */
  readonly action?: AnyAction;
}

/** What the code, as it is now, would make of an open run. */
export interface ReplayVerdict {
  readonly run: string;
  readonly kind: string;
  readonly name: string;
  readonly status: RunStatus;
  /** Whether the run should not go on with this code: because of `orphans`, `version`, `missing` or `failure`. */
  readonly breaks: boolean;
  /** Keys of the steps that it would do next, or waits for; with none, it would end. */
  readonly next: readonly string[];
  /** Keys of steps that it has kept and that the code asks for no more. */
  readonly orphans: readonly string[];
  /** Set where the code says another version than the one that the run began with. */
  readonly version?: { readonly began: string; readonly now: string };
  /** Set where no such action is registered. */
  readonly missing?: true;
  /** What the run would fail with at once. */
  readonly failure?: ErrorJson;
}

const PAGE = 100;
const OPEN: readonly RunStatus[] = ["queued", "running", "waiting"];

/**
 * Says which open runs would go on as they are, and which the code, as it is now, would break. Their actions run on what
 * they have kept; nothing new is done, written or told. Throws `run.not_found`, or `run.ended` for a run that has.
 */
export async function replayCheck(host: ReplayHost, options: ReplayOptions = {}): Promise<readonly ReplayVerdict[]> {
  const verdicts: ReplayVerdict[] = [];
  // Where there is none, getting one by any name says so.
  const journal = host.find("journal") ?? host.get("journal", "any");
  for await (const record of openRuns(journal, options))
    verdicts.push(await judge(host, record, { journal, given: options.action }));
  return verdicts;
}

async function* openRuns(journal: Journal, { run, name }: ReplayOptions): AsyncIterable<RunRecord> {
  if (run !== undefined) {
    const record = await journal.get(run);
    if (record === undefined) throw fail("run.not_found", { run });
    if (RUN_ENDS.includes(record.status)) throw fail("run.ended", { run });
    yield record;
    return;
  }
  let before: string | undefined;
  for (;;) {
    const page = await journal.list({
      status: OPEN,
      limit: PAGE,
      ...(name !== undefined && { name }),
      ...(before !== undefined && { before }),
    });
    yield* page;
    before = page.at(-1)?.id;
    if (page.length < PAGE) return;
  }
}

interface Tried {
  readonly journal: Journal;
  readonly given: AnyAction | undefined;
}

async function judge(host: ReplayHost, record: RunRecord, { journal, given }: Tried): Promise<ReplayVerdict> {
  const { id: run, kind, name, status } = record;
  const head = { run, kind, name, status, next: [], orphans: [] };
  const same = given?.kind === kind && given.name === name;
  // A kind that a third party added is as good as any: the registry knows it by its name.
  const present = same ? given : (host.find(kind as KindName, name) as AnyAction | undefined);
  if (present === undefined) return { ...head, breaks: true, missing: true };
  const rows = await journal.rows(run);
  try {
    const action = actionOf(present, rows);
    const version = otherVersion(record, action, rows);
    const { next, orphans, ended } = await dryRun(host, { record, rows, action, journal });
    return {
      ...head,
      breaks: orphans.length > 0 || version !== undefined || (ended ?? undefined) !== undefined,
      next,
      orphans,
      ...(version !== undefined && { version }),
      ...(ended !== undefined && ended !== null && { failure: ended }),
    };
  } catch (error) {
    return { ...head, breaks: true, failure: toErrorJson(error) };
  }
}

/** A run that has done nothing yet has nothing that another version could contradict. */
function otherVersion(
  { version: began }: RunRecord,
  action: AnyAction,
  rows: readonly JournalRow[],
): ReplayVerdict["version"] {
  const now = "version" in action && typeof action.version === "string" ? action.version : undefined;
  if (began === undefined || now === undefined || began === now || rows.length === 0) return undefined;
  const accepts = "accepts" in action && Array.isArray(action.accepts) && action.accepts.includes(began);
  return accepts ? undefined : { began, now };
}
