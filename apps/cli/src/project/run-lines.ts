import type { ErrorJson, JournalRow, Json, RunRecord, TaskRecord } from "@mofa/sdk";
import type { ReplayVerdict, StepDifference } from "@mofa/sdk/workflow";
import { table } from "../columns.ts";

const LONGEST = 100;
const MARKS = { same: "=", input: "?", result: "!", "only-a": "-", "only-b": "+" } as const;
const SAYS = {
  same: "",
  input: "was asked otherwise",
  result: "gave something else",
  "only-a": "",
  "only-b": "",
} as const;

/** One line for each run. */
export function listRuns(runs: readonly RunRecord[]): string {
  return table(
    runs.map((run) => [
      run.id,
      run.status,
      `${run.kind} ${run.name}`,
      run.queue ?? "",
      time(run.updatedAt),
      whyOf(run),
    ]),
  );
}

/** Everything that is known of a run but its steps. */
export function describeRun(run: RunRecord, questions: readonly TaskRecord[]): string {
  const { kind, name, version, queue, partition, tenant, takeovers, turn, parent, origin } = run;
  const lines: readonly (readonly [string, string | undefined])[] = [
    ["run", run.id],
    ["status", run.status],
    ["why", whyOf(run) || undefined],
    ["action", `${kind} ${name}${version === undefined ? "" : ` (version ${version})`}`],
    ["queue", queue === undefined ? undefined : `${queue}${partition === undefined ? "" : `, partition ${partition}`}`],
    ["tenant", tenant],
    ["child of", place(parent)],
    ["fork of", place(origin)],
    ["made", time(run.createdAt)],
    ["begun", time(run.startedAt)],
    ["due", run.finishedAt === undefined ? time(run.wakeAt) : undefined],
    ["must end", time(run.deadline)],
    ["ended", time(run.finishedAt)],
    ["taken over", takeovers === 0 ? undefined : `${takeovers} time(s)`],
    ["turn", turn === 0 ? undefined : String(turn)],
    ["input", json(run.input)],
    ["output", run.output === undefined ? undefined : json(run.output)],
    ...questions.map(({ token, question }): readonly [string, string] => ["asks", `${question.title} (${token})`]),
  ];
  return table(lines.flatMap(([what, says]) => (says === undefined ? [] : [[what, says]])));
}

/** One line for each step, with the key that a fork can begin from. */
export function listSteps(rows: readonly JournalRow[]): string {
  return table(
    rows.map(({ seq, at, type, kind, name, key, body, error }) => [
      String(seq),
      time(at),
      type === "step" ? kind : type,
      name,
      error === undefined ? shorten(json(body ?? null)) : `failed: ${shorten(sayError(error))}`,
      key,
    ]),
  );
}

/** One line for each step of two runs; what is the same in both is only counted. */
export function describeDiff(differences: readonly StepDifference[]): string {
  const same = differences.filter(({ status }) => status === "same").length;
  const rows = differences.flatMap(({ status, kind, name, a, b }) =>
    status === "same" ? [] : [[MARKS[status], kind, name, SAYS[status], a?.key ?? b?.key ?? ""]],
  );
  const summary = `${same} step(s) are the same, ${rows.length} ${rows.length === 1 ? "is" : "are"} not.`;
  return rows.length === 0 ? summary : `${table(rows)}\n\n${summary}`;
}

/** One line for each run, then what breaks it. */
export function describeVerdicts(verdicts: readonly ReplayVerdict[]): string {
  const lines = verdicts.flatMap((verdict) => [
    `${verdict.breaks ? "breaks" : "same  "}  ${verdict.run}  ${verdict.kind} ${verdict.name}${goesOn(verdict)}`,
    ...reasons(verdict).map((reason) => `        ${reason}`),
  ]);
  const broken = verdicts.filter(({ breaks }) => breaks).length;
  return [...lines, `${verdicts.length} open run(s), ${broken} would break.`].join("\n");
}

function goesOn({ next, breaks }: ReplayVerdict): string {
  if (breaks) return "";
  return next.length === 0 ? "  stays where it is" : `  goes on at ${next.join(", ")}`;
}

function reasons({ kind, name, missing, version, orphans, failure }: ReplayVerdict): readonly string[] {
  return [
    ...(missing === true ? [`no ${kind} "${name}" is there`] : []),
    ...(version === undefined ? [] : [`it began with version ${version.began}; version ${version.now} is there`]),
    ...(failure === undefined ? [] : [`it would fail: ${sayError(failure)}`]),
    ...orphans.map((key) => `nobody asks any more for ${key}`),
  ];
}

function whyOf({ parked, error, cancelRequested, status, owner, wakeAt }: RunRecord): string {
  if (error !== undefined) return shorten(sayError(error));
  if (parked !== undefined) return `parked: ${parked}`;
  if (status === "waiting" && owner === undefined)
    return wakeAt === undefined ? "parked until something comes" : `parked until ${time(wakeAt)}`;
  return cancelRequested !== undefined && status !== "cancelled" ? "is asked to stop" : "";
}

const sayError = ({ message, code }: ErrorJson) => `${message} [${code}]`;
const place = (of: RunRecord["parent"]) => (of === undefined ? undefined : `${of.run} at ${of.key}`);
const json = (value: Json) => JSON.stringify(value);
const shorten = (text: string) => (text.length <= LONGEST ? text : `${text.slice(0, LONGEST - 1)}…`);

function time(at: number): string;
function time(at: number | undefined): string | undefined;
function time(at: number | undefined): string | undefined {
  return at === undefined ? undefined : new Date(at).toISOString();
}
