import { defineErrors } from "@mofa/kernel";

type Place = { script: string; line?: number | undefined; column?: number | undefined };

const at = ({ script, line, column }: Place) =>
  line === undefined ? `"${script}"` : `"${script}" (line ${line}${column === undefined ? "" : `, column ${column}`})`;

/** The errors of scripts: code → what happened, to which one by name, and what to do now. */
export const fail = defineErrors({
  "script.syntax": (d: Place & { reason: string }) =>
    `The script ${at(d)} cannot be read: ${d.reason}. Correct it there.`,
  "script.too_large": (d: { script: string; bytes: number; most: number }) =>
    `The script "${d.script}" has ${d.bytes} bytes; at most ${d.most} are read. Split it, or keep its data in a store.`,
  "script.imports_refused": (d: { script: string; specifier: string }) =>
    `The script "${d.script}" imports "${d.specifier}", but scripts import nothing. Copy what you need into it, or ask the host with host.invoke.`,
  "script.no_function": (d: { script: string; function: string }) =>
    `The script "${d.script}" exports no function "${d.function}". Write: export async function ${d.function}(input, host) { … }`,
  "script.bad_export": (d: { script: string; problems: string }) =>
    `What the script "${d.script}" exports is wrong: ${d.problems}. Correct these exports.`,
  "script.threw": (d: Place & { reason: string }) => `The script ${at(d)} failed: ${d.reason}`,
  "script.bad_output": (d: { script: string; reason: string }) =>
    `What the script "${d.script}" gave back is not plain JSON: ${d.reason}. Return text, numbers, lists and plain objects only.`,
  "script.output_too_large": (d: { script: string; bytes: number }) =>
    `The script "${d.script}" gave back more than ${d.bytes} bytes. Return less, or raise the limit "output".`,
  "script.time_exceeded": (d: { script: string; ms: number }) =>
    `The script "${d.script}" worked longer than ${d.ms} ms and was stopped. Give it less to do, or raise the limit "time".`,
  "script.wall_exceeded": (d: { script: string; ms: number }) =>
    `The script "${d.script}" was not done after ${d.ms} ms, waiting included, and was stopped. See what it waits for, or raise the limit "wall".`,
  "script.memory_exceeded": (d: { script: string; mib: number }) =>
    `The script "${d.script}" used more than ${d.mib} MiB and was stopped. Give it less at a time, or raise the limit "memory".`,
  "script.never_settles": (d: { script: string }) =>
    `The script "${d.script}" waits for a promise that nothing can settle any more. Await only what host.invoke and host.now return, or what they settle.`,
  "script.crashed": (d: { script: string; how: string }) =>
    `The script "${d.script}" brought its process down (${d.how}). Nothing else was harmed; look for huge data or deep nesting in it.`,
  "script.quarantined": (d: { script: string; kills: number }) =>
    `The script "${d.script}" is not run any more: its process had to be killed ${d.kills} times. Correct its source.`,
  "script.worker_lost": (d: { script: string; how: string }) =>
    `The process that ran the script "${d.script}" went away from outside (${d.how}). Call it again.`,
  "script.worker_failed": (d: { reason: string }) =>
    `No script process could be started: ${d.reason}. Check that isolated-vm has a build for this system and Node version.`,
  "script.queue_full": (d: { script: string; waiting: number }) =>
    `The script "${d.script}" was not run because ${d.waiting} others wait already. Call it again later, or raise "processes" or "queue".`,
  "script.sandbox_ended": (d: { script: string }) => `The script "${d.script}" was stopped because its plugin ended.`,
  "script.bad_limit": (d: { limit: string; value: number; least: number }) =>
    `The limit "${d.limit}" is ${d.value}; it must be a whole number of at least ${d.least}.`,
  "script.not_granted": (d: { script: string; action: string }) =>
    `The script "${d.script}" may not use "${d.action}". Add it to the list it exports as "uses".`,
  "script.use_not_allowed": (d: { script: string; action: string; allowed: string }) =>
    `The script "${d.script}" wants to use "${d.action}", which this folder does not allow (${d.allowed}). Remove it from "uses", or allow it where the plugin is configured.`,
  "script.not_callable": (d: { script: string; action: string }) =>
    `The script "${d.script}" asked for "${d.action}", which is nothing that can be called. Name an action as kind:name, like "tool:store.get".`,
  "script.too_many_host_calls": (d: { script: string; calls: number }) =>
    `The script "${d.script}" may call its host ${d.calls} times, and did. Ask for more at once, or raise the limit "hostCalls".`,
  "script.not_boolean": (d: { node: string; got: string }) =>
    `The condition ${d.node} gave ${d.got}, not true or false. Write a comparison, or use script.transform for values.`,
  "script.not_pure": (d: { script: string }) =>
    `The script "${d.script}" may call its host, so script.transform cannot run it: its result is computed again on every replay. Use script.task.`,
  "script.one_source": (d: { node: string }) =>
    `A ${d.node} needs exactly one of "script" (a script's name) and "source" (an expression of "input").`,
  "script.no_folder": (d: { path: string; reason: string }) =>
    `The folder "${d.path}" cannot be watched: ${d.reason}. Create it, or correct the path.`,
});
