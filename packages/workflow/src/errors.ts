import { defineErrors } from "@mofa/kernel";

const meant = (nearest?: string) => (nearest === undefined ? "" : ` Did you mean "${nearest}"?`);

/** This package's errors: code → what happened, to which one by name, and what to do now. */
export const fail = defineErrors({
  "run.bad_id": (d: { id: string }) =>
    `"${d.id}" cannot be the id of a run. Use 1 to 100 letters, digits, dots, dashes, colons or underscores.`,
  "run.id_taken": (d: { run: string; kind: string; name: string }) =>
    `The run "${d.run}" already exists and runs the ${d.kind} "${d.name}". Start with another id.`,
  "run.not_registered": (d: { kind: string; name: string; nearest?: string | undefined }) =>
    `A run must be found again after a restart, but no ${d.kind} "${d.name}" is registered.${meant(d.nearest)} Provide it first, then start it.`,
  "run.not_found": (d: { run: string }) => `There is no run "${d.run}".`,
  "run.fenced": (d: { run: string }) =>
    `The run "${d.run}" was taken over by another worker; this worker stops working on it.`,
  "run.interrupted": (d: { run: string }) =>
    `Work on the run "${d.run}" stops here because its engine ends. It is kept and goes on where an engine is running.`,
  "run.parked": (d: { run: string }) =>
    `The run "${d.run}" only waits, so this process lets it go. It is kept and goes on when what it waits for has come.`,
  "run.continued": (d: { run: string }) => `This turn of the run "${d.run}" is over; it goes on with a new input.`,
  "run.not_outermost": (d: { step: string }) =>
    `Only the outermost action of a run can begin it anew, and "${d.step}" is a step in one or under no run. Return to the outermost action and continue there.`,
  "run.deadline": (d: { run: string; at: string }) =>
    `The run "${d.run}" had to end by ${d.at} and has not. Start it with a longer "timeout", or find out what it waited for.`,
  "run.too_many_rows": (d: { run: string; rows: number; most: number }) =>
    `The run "${d.run}" has kept ${d.rows} rows, and ${d.most} are the most. Let it continue as a new one from time to time, give parts of it to child runs, or raise "maxRows".`,
  "run.bad_option": (d: { option: string; problem: string }) =>
    `A run cannot be started with this "${d.option}": ${d.problem}`,
  "run.needs_parent": (d: { kind: string; name: string }) =>
    `The ${d.kind} "${d.name}" cannot be started under this call, because no run of this engine keeps the call. Start the outer action as a run, or leave "under" out.`,
  "run.no_step": (d: { run: string; key: string; nearest?: string | undefined }) =>
    `The run "${d.run}" has kept no step "${d.key}".${meant(d.nearest)} Take a key from the run's steps.`,
  "queue.unknown": (d: { queue: string; nearest?: string | undefined }) =>
    `There is no queue "${d.queue}" here.${meant(d.nearest)} Name it in the option "queues" of the workflow plugin (in a project folder: "runs.queues").`,
  "queue.invalid": (d: { queue: string; problem: string }) =>
    `The queue "${d.queue}" cannot be used: ${d.problem} Correct the option "queues" of the workflow plugin.`,
  "signal.bad": (d: { name: string; problem: string }) => `The signal "${d.name}" cannot be used: ${d.problem}`,
  "step.not_tx": (d: { step: string }) =>
    `The step "${d.step}" cannot write to the journal's database together with its result. Declare its action with the effect "tx".`,
  "run.journal_failed": (d: { run: string; reason: string }) =>
    `A result of the run "${d.run}" could not be kept: ${d.reason} The run goes on from its last kept result once the journal works again.`,
  "run.ended": (d: { run: string }) =>
    `The run "${d.run}" has ended; what its steps still do is not kept. Await every step.`,
  "run.cancelled": (d: { run: string; reason: string }) => `The run "${d.run}" was cancelled: ${d.reason}`,
  "step.input_not_json": (d: { step: string; path: string; what: string }) =>
    `The input of the step "${d.step}" has ${d.what} at ${d.path}, so the step cannot be found again after a restart. Give plain JSON, or name the step with the option "key".`,
  "step.output_not_json": (d: { step: string; path: string; what: string }) =>
    `The output of the step "${d.step}" has ${d.what} at ${d.path}, so it cannot be kept. Return plain JSON.`,
  "step.in_doubt": (d: { step: string; kind: string; name: string }) =>
    `The ${d.kind} "${d.name}" may happen only once, and was begun but not finished when the process died (step "${d.step}"). It is not run again: find out whether it happened, and decide.`,
  "step.tx_unsupported": (d: { kind: string; name: string; journal: string }) =>
    `The ${d.kind} "${d.name}" has the effect "tx", but the journal "${d.journal}" cannot commit an action's writes with its row. Declare the effect "once" or "idempotent".`,
  "decision.bad_question": (d: { title: string; problem: string }) =>
    `The question "${d.title}" cannot be asked: ${d.problem}`,
  "decision.no_fallback": (d: { title: string }) =>
    `The question "${d.title}" has no fallback, and nobody waits for decisions here. Give it a fallback, or run with decisions: "wait".`,
  "decision.bad_answer": (d: { token: string; title: string; problems: string }) =>
    `This does not answer "${d.title}": ${d.problems}. The decision stays open: answer again.`,
  "decision.not_found": (d: { token: string }) => `There is no decision "${d.token}" to answer.`,
  "workflow.invalid": (d: {
    file: string;
    problems: readonly { path: string; line?: number; column?: number; message: string }[];
  }) =>
    `${d.problems.length === 1 ? "A problem" : `${d.problems.length} problems`} in ${sayProblems(d.file, d.problems)}`,
  "workflow.too_large": (d: { file: string; bytes: number; most: number }) =>
    `${d.file} has ${d.bytes} bytes; a workflow may have ${d.most}. Keep large data in a store and refer to it.`,
  "workflow.no_definition": (d: { rows: number }) =>
    `None of the ${d.rows} rows keeps the definition of a workflow, so there is nothing to draw. Give the rows of a workflow's run.`,
  "workflow.twice": (d: { name: string; file: string; other: string }) =>
    `The workflow "${d.name}" in ${d.file} is already defined in ${d.other}. Rename one of them.`,
  "workflow.folder_missing": (d: { folder: string; reason: string }) =>
    `The workflow folder ${d.folder} cannot be read: ${d.reason} Create it, or correct the option "folder".`,
  "workflow.node_failed": (d: { workflow: string; node: string; reason: string }) =>
    `The node "${d.node}" of the workflow "${d.workflow}" failed: ${d.reason}`,
  "workflow.not_undone": (d: { workflow: string; reason: string; left: string }) =>
    `The workflow "${d.workflow}" failed, and some of what it had done could not be undone (${d.left}). Undo that by hand. It failed because: ${d.reason}`,
  "workflow.bad_schedule": (d: { schedule: string; problem: string }) =>
    `The schedule "${d.schedule}" cannot be kept: ${d.problem}.`,
  "flow.bad_concurrency": (d: { given: string }) =>
    `Branches cannot run ${d.given} at a time. Give "concurrency" a whole number of at least 1, or leave it out for all.`,
  "flow.nobody_races": (d: { name: string }) =>
    `"${d.name}" begins a race in which nobody runs. Give at least one function by name.`,
  "flow.all_failed": (d: { reasons: string }) => `All that raced have failed: ${d.reasons}`,
  "flow.not_undone": (d: { reason: string; left: string }) =>
    `Work failed, and some of what it had done could not be undone (${d.left}). Undo that by hand. It failed because: ${d.reason}`,
  "workflow.too_deep": (d: { workflow: string; most: number }) =>
    `The workflow "${d.workflow}" would be the ${d.most + 1}th workflow inside of each other; ${d.most} are allowed. Use a loop where a workflow runs itself.`,
  "node.queue_needs_run": (d: { node: string; queue: string }) =>
    `The node "${d.node}" is for the queue "${d.queue}", which only kept runs can enter. Start the workflow as a run, or remove "queue".`,
  "node.needs_workflow": (d: { use: string }) =>
    `The node kind "${d.use}" runs the nodes inside of its node, so it can only be used in a workflow.`,
  "node.no_body": (d: { node: string; name: string; names: string }) =>
    `The node "${d.node}" has no nodes under the name "${d.name}"; it has ${d.names}. Correct the node kind.`,
  "node.not_an_action": (d: { kind: string; name: string }) =>
    `"${d.name}" of the kind "${d.kind}" does no work, so a task cannot call it. Name a tool, agent, model, script or workflow.`,
  "node.not_ordered": (d: { test: string; got: string }) =>
    `The condition ${d.test} compares numbers, but the value is ${d.got}. Give a number, or test for it first.`,
  "node.loop_endless": (d: { max: number }) =>
    `The loop has taken ${d.max} turns and its condition still wants more. Raise "max", or say atMax: end if that is an end.`,
  "node.not_delivered": (d: { to: string; reason: string }) =>
    `The message to "${d.to}" was not delivered: ${d.reason}`,
  "node.bad_time": (d: { what: string; value: string }) =>
    `"${d.value}" is no ${d.what}. Give ${d.what === "duration" ? "milliseconds, or a text like 500ms, 2s, 10m, 1h" : "epoch milliseconds, or a date and time like 2026-01-31T09:00:00Z"}.`,
  "node.bad_outcome": (d: { node: string; use: string; outcome: string; known: string }) =>
    `The node "${d.node}" ended with the outcome "${d.outcome}", but its kind "${d.use}" knows only ${d.known}. Correct the node kind.`,
});

function sayProblems(
  file: string,
  problems: readonly { path: string; line?: number; column?: number; message: string }[],
): string {
  return problems
    .slice(0, 10)
    .map(({ path, line, column, message }) => {
      const place = line === undefined ? file : `${file}:${line}:${column}`;
      return path === "" ? `${place}: ${message}` : `${place}: ${path}: ${message}`;
    })
    .join("\n");
}
