import { type Exceeded, sayExceeded } from "./budget-sentence.ts";
import { defineErrors } from "./error.ts";

const meant = (nearest?: string) => (nearest === undefined ? "" : ` Did you mean "${nearest}"?`);

/** The kernel's errors: code → what happened, to which one by name, and what to do now. */
export const fail = defineErrors({
  "json.not_json": (d: { path: string; what: string }) =>
    `At ${d.path} there is ${d.what}, which is not JSON. Convert it to text, numbers, lists or plain objects first.`,
  "schema.unknown_keyword": (d: { keyword: string; path: string }) =>
    `The JSON Schema uses "${d.keyword}" at ${d.path}, which this validator does not know, so it could not be enforced. Remove it or use another validator.`,
  "schema.bad_keyword": (d: { keyword: string; path: string; wanted: string }) =>
    `The JSON Schema is wrong at ${d.path}: "${d.keyword}" must be ${d.wanted}. Correct the schema.`,
  "schema.no_json_form": (d: { vendor: string }) =>
    `A schema of "${d.vendor}" cannot describe itself as JSON Schema. Use a library that supports Standard JSON Schema (zod 4.2 or later does), or give JSON Schema directly.`,
  "input.invalid": (d: {
    kind: string;
    name: string;
    problems: string;
    issues: readonly { path: string; message: string }[];
  }) => `The ${d.kind} "${d.name}" was given bad input: ${d.problems}. Correct it and call again.`,
  "output.invalid": (d: {
    kind: string;
    name: string;
    problems: string;
    issues: readonly { path: string; message: string }[];
  }) =>
    `The ${d.kind} "${d.name}" returned what its output schema forbids: ${d.problems}. Correct its code or its schema.`,
  "registry.not_found": (d: { kind: string; name: string; known: string; nearest?: string | undefined }) =>
    `There is no ${d.kind} "${d.name}".${meant(d.nearest)} ${d.known === "" ? `No ${d.kind} is registered: add the plugin that brings it.` : `Known: ${d.known}.`}`,
  "registry.bad_name": (d: { kind: string; name: string }) =>
    `"${d.name}" cannot be the name of a ${d.kind}. Use 1 to 128 letters, digits, dots, dashes, slashes or underscores.`,
  "registry.bad_kind": (d: { kind: string }) =>
    `"${d.kind}" cannot be the name of a kind. Use a small letter and up to 63 letters, digits, dashes or underscores.`,
  "scope.closed": (d: { scope: string }) =>
    `"${d.scope}" has ended and can own nothing more. Create what you need before it ends, or in a scope that lives longer.`,
  "scope.end_failed": (d: { scope: string; count: number }) =>
    `Ending "${d.scope}" met ${d.count} failure(s); everything else it owned was ended. See the causes.`,
  "call.cancelled": (d: { kind: string; name: string }) =>
    `The ${d.kind} "${d.name}" was cancelled before it finished.`,
  "call.interrupted": (d: { kind: string; name: string; reason: string }) =>
    `The ${d.kind} "${d.name}" was interrupted: ${d.reason}. Give it its work again when that has passed.`,
  "call.timed_out": (d: { kind: string; name: string; ms: number }) =>
    `The ${d.kind} "${d.name}" took longer than ${d.ms} ms and was stopped. Raise its timeout or give it less to do.`,
  "call.parent_ended": (d: { kind: string; name: string }) =>
    `The ${d.kind} "${d.name}" was stopped because the call that started it has ended. Await it, or start it with send.`,
  "call.needs_run": (d: { what: string }) =>
    `call.${d.what} works only under a run, because it may have to wait longer than this process lives. Start the action with start().`,
  "plugin.needs_missing": (d: { name: string; missing: string }) =>
    `The plugin "${d.name}" waits for ${d.missing}. Add the plugin that brings it, or remove "${d.name}".`,
  "plugin.setup_failed": (d: { name: string; version: string; reason: string }) =>
    `The plugin "${d.name}" (${d.version}) could not be set up: ${d.reason}`,
  "plugin.too_slow": (d: { name: string; version: string; ms: number }) =>
    `The plugin "${d.name}" ${d.version} was not set up within ${d.ms} ms. Let its setup wait for nothing that may never come, or raise its setupTimeout.`,
  "plugin.not_ended": (d: { name: string; version: string; ms: number }) =>
    `The plugin "${d.name}" ${d.version} had not ended ${d.ms} ms after it was told to, and is no longer waited for. Look at what it owns: some dispose never resolves.`,
  "plugin.unknown": (d: { name: string; nearest?: string | undefined }) =>
    `No plugin is called "${d.name}".${meant(d.nearest)}`,
  "plugin.no_previous": (d: { name: string }) =>
    `The plugin "${d.name}" has no earlier version to go back to: it was never replaced, or is back at the first already.`,
  "plugin.twice": (d: { name: string }) =>
    `A plugin called "${d.name}" is already loaded. Replace it, or give the other one a name of its own.`,
  "plugin.bad_options": (d: { name: string; problems: string }) =>
    `The options of the plugin "${d.name}" are wrong: ${d.problems}.`,
  "plugin.bad_need": (d: { name: string; need: string }) =>
    `The plugin "${d.name}" needs "${d.need}", which is not understood. Write a kind ("store"), a named thing ("tool:weather") or a plugin with a range ("plugin:weather@^2"), and a question mark behind it if the plugin can do without.`,
  "plugin.cycle": (d: { cycle: string }) =>
    `These plugins need each other in a circle: ${d.cycle}. Break it by removing one need.`,
  "plugin.not_granted": (d: { name: string; what: string }) =>
    `The plugin "${d.name}" asked for "${d.what}", which it was not granted. Grant it in the configuration if you trust the plugin.`,
  "kernel.closed": (_: Record<never, never>) => "This kernel has ended. Make a new one.",
  "lifecycle.refused": (d: { agent: string; from: string; to: string }) =>
    `The agent "${d.agent}" is ${d.from}, and what is ${d.from} cannot become ${d.to}. Nothing was changed. Look at its status, and change it from there.`,
  "agent.not_taking": (d: { agent: string; status: string }) =>
    `The agent "${d.agent}" is ${d.status} and takes no work. Start it again or choose another.`,
  "agent.bad": (d: { agent: string; problem: string }) =>
    `The agent "${d.agent}" cannot be used: ${d.problem}. Correct it.`,
  "agent.reentrant": (d: { agent: string }) =>
    `The agent "${d.agent}" was called from within its own turn, which would wait for itself for ever. Use send instead, or call another agent.`,
  "agent.crashed": (d: { agent: string; reason: string }) => `The agent "${d.agent}" failed: ${d.reason}`,
  "agent.ended": (d: { agent: string }) => `The agent "${d.agent}" has ended, and it is to be there always.`,
  "supervisor.bad": (d: { name: string; fields: string }) =>
    `Of the supervisor "${d.name}" this cannot be followed: ${d.fields}. The defaults hold instead; give amounts from 0 on, and a strategy that exists.`,
  "supervisor.gave_up": (d: { supervisor: string; maxRestarts: number; within: number }) =>
    `What the supervisor "${d.supervisor}" watches over failed more than ${d.maxRestarts} times within ${d.within} ms. Find out why, or allow it more.`,
  "agent.restarted": (d: { agent: string; because: string }) =>
    `The work of the agent "${d.agent}" was cut short: it is restarted together with "${d.because}", which failed. Try again.`,
  "address.malformed": (d: { address: string }) =>
    `"${d.address}" is no address. Use agent:NAME, role:NAME, role:NAME?one, topic:NAME or *.`,
  "address.unknown": (d: { address: string; nearest?: string | undefined }) =>
    `Nobody is reachable at "${d.address}".${meant(d.nearest)}`,
  "mailbox.full": (d: { owner: string; bound: string }) =>
    `The mailbox of "${d.owner}" is full (${d.bound}). Send less, wait, or raise its bound.`,
  "message.malformed": (d: { type: string; address: string; problem: string }) =>
    `The message of type "${d.type}" to "${d.address}" was not taken: ${d.problem}. Correct it and send it again.`,
  "message.dropped": (d: { owner: string; policy: string }) =>
    `The message to "${d.owner}" was dropped because its mailbox was full (policy ${d.policy}). Send less, or choose the policy "wait".`,
  "message.too_large": (d: { owner: string; size: string; maxBytes: number }) =>
    `A message to "${d.owner}" is too large (${d.size}): its mailbox holds at most ${d.maxBytes} bytes. Keep the data in a store and send a reference, or raise the bound.`,
  "message.no_answer": (d: { address: string; ms: number }) => `No answer came from "${d.address}" within ${d.ms} ms.`,
  "message.not_delivered": (d: { address: string; reason: string }) =>
    `The message to "${d.address}" was not delivered: ${d.reason}`,
  "document.conflict": (d: { id: string; expected: number; found: number }) =>
    `The document "${d.id}" is at version ${d.found}, not ${d.expected}: somebody changed it. Read it again and repeat your change.`,
  "document.bad_id": (d: { id: string }) =>
    `"${d.id}" cannot be the id of a document. Use 1 to 512 characters without control characters.`,
  "session.bad_id": (d: { id: string }) =>
    `"${d.id}" cannot be the id of a session. Use 1 to 512 characters without control characters.`,
  "fact.bad_id": (d: { id: string }) =>
    `"${d.id}" cannot be the id or namespace of a fact. Use 1 to 512 characters without control characters.`,
  "memory.no_embedder": (d: { memory: string; mode: string }) =>
    `The memory "${d.memory}" cannot search by ${d.mode}: there is no embedder. Add a plugin that brings one, or search by words.`,
  "embedder.bad_vectors": (d: { embedder: string; found: string; wanted: string }) =>
    `The embedder "${d.embedder}" answered with ${d.found}, where ${d.wanted} were expected. Nothing was kept. Check its model and its option dimensions.`,
  "session.conflict": (d: { id: string; expected: number; found: number }) =>
    `The session "${d.id}" holds ${d.found} entries, not ${d.expected}: another turn was written meanwhile. Load it again and repeat the turn.`,
  "run.fenced": (d: { run: string }) =>
    `The run "${d.run}" was taken over by another worker; this worker stops working on it.`,
  "run.bad_id": (d: { id: string }) =>
    `"${d.id}" cannot be the id of a run. Use 1 to 512 characters without control characters.`,
  "run.not_found": (d: { run: string }) => `There is no run "${d.run}".`,
  "run.ended": (d: { run: string; status: string }) =>
    `The run "${d.run}" has ended (${d.status}), so nothing can be said to it any more.`,
  "run.dead": (d: { run: string; takeovers: number }) =>
    `The run "${d.run}" was given up: ${d.takeovers} workers in a row were lost over it. Find out what it does to them, then queue it again.`,
  "run.duplicate": (d: { run: string; other: string; dedupe: string }) =>
    `The run "${d.run}" cannot be queued again: "${d.other}" has the same dedupe key "${d.dedupe}" and is still open. Let it end, or cancel it first.`,
  "journal.no_writes": (d: { journal: string }) =>
    `The journal "${d.journal}" cannot commit writes together with a step. Use a database's journal, or another effect than "tx".`,
  "pool.bad_concurrency": (d: { concurrency: number }) =>
    `A pool cannot do ${d.concurrency} things at a time. Give a whole number of at least 1.`,
  "pool.full": (d: { max: number }) =>
    `${d.max} pieces of work wait in this pool already, so it takes no more. Give it less at a time, or raise maxWaiting.`,
  "scheduler.full": (d: { max: number }) =>
    `${d.max} tasks wait already, so the scheduler takes no more. Submit less, add agents, or raise scheduler.maxWaiting.`,
  "scheduler.bad_limit": (d: { role: string; capacity: number }) =>
    `The role "${d.role}" cannot have ${d.capacity} tasks at a time. Give a whole number, or undefined for no bound.`,
  "task.malformed": (d: { task: string; problem: string }) =>
    `The task "${d.task}" was not taken: ${d.problem}. Correct it and submit it again.`,
  "task.unmatched": (d: { task: string; wanted: string; nearest: string }) =>
    `No agent can do the task "${d.task}", which wants ${d.wanted}. ${d.nearest} Add such an agent, ask for less, or submit it with unmatched: "park".`,
  "task.deadline": (d: { task: string; deadline: number; status: string }) =>
    `The task "${d.task}" was still ${d.status} at its deadline (${new Date(d.deadline).toISOString()}) and was given up. Give it more time or a higher priority.`,
  "task.cancelled": (d: { task: string; reason: string }) => `The task "${d.task}" was cancelled: ${d.reason}`,
  "task.preempted": (d: { task: string; by: string }) =>
    `The task "${d.task}" was interrupted for the more urgent "${d.by}"; it is queued again.`,
  "task.token_taken": (d: { token: string; run: string; by: string }) =>
    `The run "${d.run}" cannot open the decision "${d.token}": the run "${d.by}" has one of that token. Nothing of this append was written; use a unique token.`,
  "task.not_found": (d: { token: string }) => `There is no decision "${d.token}" to answer.`,
  "task.already_answered": (d: { token: string; by: string }) =>
    `The decision "${d.token}" was already answered by ${d.by}. Nothing was changed.`,
  "secret.too_short": (d: { name: string; least: number }) =>
    `The secret "${d.name}" has fewer than ${d.least} characters, so it cannot be hidden in texts. Use a longer one.`,
  "budget.exceeded": (d: Exceeded) => sayExceeded(d),
  "budget.bad": (d: { budget: string; problem: string }) =>
    `The budget "${d.budget}" cannot be used: ${d.problem}. Correct it.`,
  "budget.twice": (d: { budget: string }) =>
    `There is a budget called "${d.budget}" already. Take it away first, or give the other one a name of its own.`,
  "budget.full": (d: { budget: string; scope: string; most: number }) =>
    `The budget "${d.budget}" counts for ${d.most} ${d.scope}s already and takes no new one, because forgetting one would let it begin anew. Bound them per day, or keep the budget in a store.`,
  "budget.no_store": (d: { budget: string }) =>
    `The budget "${d.budget}" is to be kept, but there is no store. Add a plugin that brings one, or do not keep it.`,
  "stream.overflow": (d: { max: number }) =>
    `The reader of this stream fell more than ${d.max} events behind. Read faster, read batches, or watch fewer events.`,
  "testing.contract_broken": (d: { contract: string; path: string; expected: string; found: string }) =>
    `The contract is broken: ${d.contract}. At ${d.path} it must be ${d.expected}, but it is ${d.found}.`,
  "testing.leak": (d: { what: string }) => `Something was left behind after the end: ${d.what}.`,
  "testing.script_ended": (d: { model: string; calls: number }) =>
    `The scripted model "${d.model}" has no reply left for call ${d.calls}. Script one more, or find out who calls it so often.`,
});
