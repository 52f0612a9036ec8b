import { defineErrors } from "@mofa/kernel";

interface Placed {
  readonly file: string;
  readonly line?: number | undefined;
  readonly column?: number | undefined;
}

const at = ({ file, line, column }: Placed) => (line === undefined ? file : `${file}:${line}:${column ?? 1}`);
const meant = (nearest?: string) => (nearest === undefined ? "" : ` Did you mean "${nearest}"?`);

/** The errors of the runtime: code → what happened, to which one by name, and what to do now. */
export const fail = defineErrors({
  "loop.bad_option": (d: { loop: string; what: string }) =>
    `The event loop "${d.loop}" cannot begin: ${d.what}. Correct its options.`,
  "loop.source_failed": (d: { loop: string; reason: string }) =>
    `The event loop "${d.loop}" ended because its source failed: ${d.reason}. Mend the source and begin the loop again.`,
  "loop.interrupted": (d: { loop: string; reason: string }) =>
    `An event of "${d.loop}" was interrupted: ${d.reason}. Give it to the loop again if it still matters.`,
  "loop.stopped": (d: { loop: string }) =>
    `The source of "${d.loop}" gave an event after the loop had stopped, so nobody worked on it. Give it to the next loop.`,
  "builder.bad_value": (d: { agent: string; field: string; what: string }) =>
    `The agent "${d.agent}" cannot be built: ${d.field} ${d.what}. Correct it.`,
  "builder.no_run": (d: { agent: string }) =>
    `The agent "${d.agent}" cannot be built: it has nothing to do. Give it its work with run(…).`,
  "builder.built": (d: { agent: string }) =>
    `The agent "${d.agent}" was built already, and nothing can be built twice. Begin another with agentBuilder(…).`,
  "builder.port_taken": (d: { agent: string; port: string; side: string }) =>
    `The agent "${d.agent}" has an ${d.side} port "${d.port}" already. Give the other one a name of its own.`,
  "builder.port_never_filled": (d: { agent: string; port: string; from: string; topic: string }) =>
    `The agent "${d.agent}" cannot be built: a message of "${d.topic}" fills only the port "${d.from}", so the port "${d.port}" would be missing. Make "${d.port}" optional, or take it in by the same message.`,
  "builder.bad_config": (d: { agent: string; problems: string }) =>
    `The configuration of the agent "${d.agent}" is wrong: ${d.problems}. Correct it.`,
  "builder.config_waits": (d: { agent: string }) =>
    `The schema of the configuration of the agent "${d.agent}" answers only later, so it cannot be checked while building. Use one that answers at once.`,
  "port.bad_output": (d: { agent: string; problems: string }) =>
    `The agent "${d.agent}" returned what its output ports forbid: ${d.problems}. Correct its code or its ports.`,
  "port.not_sent": (d: { agent: string; port: string; to: string; reason: string }) =>
    `The agent "${d.agent}" is done, but its output "${d.port}" was not taken by "${d.to}": ${d.reason}`,
  "schedule.bad_options": (d: { schedule: string; problem: string }) =>
    `The schedule "${d.schedule}" was not added: ${d.problem}. Correct it and add it again.`,
  "schedule.bad_cron": (d: { schedule: string; cron: string; problem: string }) =>
    `The schedule "${d.schedule}" has the cron expression "${d.cron}", which is wrong: ${d.problem}. Write five fields (minute, hour, day, month, weekday), or six with the second before them: "30 7 * * 1-5" is half past seven on workdays; "@daily" and its like are known too.`,
  "schedule.bad_timezone": (d: { schedule: string; timezone: string; nearest?: string | undefined }) =>
    `The schedule "${d.schedule}" has the time zone "${d.timezone}", which is not known.${meant(d.nearest)} Give an IANA name like "Europe/Oslo".`,
  "schedule.bad_interval": (d: { schedule: string; every: number }) =>
    `The schedule "${d.schedule}" cannot come every ${d.every} ms. Give a whole number of milliseconds, at least 1.`,
  "schedule.twice": (d: { schedule: string }) =>
    `There is a schedule "${d.schedule}" already. End that one first, or give this one a name of its own.`,
  "schedule.unknown": (d: { schedule: string; nearest?: string | undefined }) =>
    `There is no schedule "${d.schedule}".${meant(d.nearest)}`,
  "health.timed_out": (d: { check: string; ms: number }) =>
    `The check "${d.check}" gave no answer within ${d.ms} ms. Look at what it asks, or raise the patience of health().`,
  "module.syntax": (d: { file: string; line: number; column: number; problem: string }) =>
    `${d.file}:${d.line}:${d.column}: ${d.problem}`,
  "module.not_found": (d: { file: string; specifier: string; hint: string }) =>
    `${d.file} imports "${d.specifier}", which is not there.${d.hint}`,
  "module.import_refused": (d: { file: string; specifier: string }) =>
    `${d.file} may not import "${d.specifier}". It may import files of its own folder ("./other.ts"), packages, and what Node brings ("node:path").`,
  "module.no_export": (d: { file: string; specifier: string; name: string; nearest?: string | undefined }) =>
    `${d.file} imports "${d.name}" from "${d.specifier}", which exports no such name.${d.nearest === undefined ? "" : ` Did you mean "${d.nearest}"?`}`,
  "module.cycle": (d: { cycle: string }) =>
    `These files import each other in a circle, which cannot be replaced while it runs: ${d.cycle}. Move what they share into a file of its own.`,
  "module.threw": (d: { file: string; reason: string }) => `${d.file} failed while it was loaded: ${d.reason}`,
  "module.too_slow": (d: { file: string; ms: number }) =>
    `${d.file} was not loaded after ${d.ms} ms. Move what waits into the plugin's setup.`,
  "module.wrong_export": (d: { file: string; name: string; problem: string; example: string }) =>
    `${d.file} must export "${d.name}": ${d.problem}. Write: ${d.example}`,
  "folder.not_found": (d: { folder: string; reason: string }) =>
    `The folder ${d.folder} cannot be read: ${d.reason}. Create it, or correct the path.`,
  "folder.link_out": (d: { folder: string; path: string; target: string }) =>
    `${d.path} in ${d.folder} is a link to ${d.target}, outside of the folder. Put the file itself there.`,
  "folder.too_large": (d: { folder: string; what: string; most: number }) =>
    `${d.folder} has more than ${d.most} ${d.what}. Leave out what does not belong to it.`,
  "folder.name_taken": (d: { what: string; name: string; file: string; other: string }) =>
    `${d.file} brings the ${d.what} "${d.name}", which ${d.other} brings already. Rename one of them.`,
  "manifest.syntax": (d: { file: string; line: number; column: number; problem: string }) =>
    `${d.file}:${d.line}:${d.column}: ${d.problem}`,
  "manifest.unknown_key": (d: { file: string; line: number; column: number; path: string; known: string }) =>
    `${d.file}:${d.line}:${d.column}: "${d.path}" is no known key. Known here: ${d.known}.`,
  "manifest.bad_value": (d: { file: string; line: number; column: number; path: string; problem: string }) =>
    `${d.file}:${d.line}:${d.column}: "${d.path}": ${d.problem}.`,
  "manifest.no_main": (d: { file: string; main: string }) =>
    `${d.file} names "${d.main}" as main, but the folder has no such file. Correct "main".`,
  "manifest.not_found": (d: { folder: string }) =>
    `${d.folder} has no mofa.plugin.json. Name the folder of a plugin that has one.`,
  "manifest.differs": (d: { file: string; what: string; declared: string; found: string }) =>
    `${d.file} says ${d.what} ${d.declared}, but the plugin says ${d.found}. Make them the same.`,
  "plugin.tampered": (d: { folder: string; expected: string; found: string; first?: string | undefined }) =>
    `The files in ${d.folder} are not those of its digest: ${d.expected} was expected, ${d.found} was found${d.first === undefined ? "" : `; the first file that differs from the version before is ${d.first}`}. If the change is yours, run mofa plugin digest --write or mofa plugin sign; if not, do not use it.`,
  "plugin.unsigned": (d: { path: string }) =>
    `${d.path} has no signature, and this kernel runs signed plugins only. Put it into a folder with a mofa.plugin.json and run mofa plugin sign.`,
  "plugin.unknown_key": (d: { folder: string; key: string; known: string }) =>
    `${d.folder} is signed with the key "${d.key}", which is not trusted here. Trusted: ${d.known}. Add its public key to the trusted ones if you trust it.`,
  "plugin.bad_signature": (d: { folder: string; key: string }) =>
    `The signature of ${d.folder} was not made with the key "${d.key}" for this name, version and digest. Sign it again, or do not use it.`,
  "plugin.bad_key": (d: { key: string; reason: string }) =>
    `The key "${d.key}" cannot be used: ${d.reason}. Give an Ed25519 key as PEM, or its base64.`,
  "config.not_found": (d: { folder: string; name: string; endings: string }) =>
    `There is no ${d.name}.yaml in ${d.folder}, nor one with another known ending (${d.endings}). Name the folder of a project, or make that file.`,
  "config.ambiguous": (d: { folder: string; files: string }) =>
    `There are ${d.files} in ${d.folder}, and only one can count. Keep one and remove the others.`,
  "config.unreadable": (d: { file: string; reason: string }) =>
    `${d.file} cannot be read: ${d.reason}. Save it as UTF-8 text that this user may read.`,
  "config.too_large": (d: { file: string; bytes: number; max: number }) =>
    `${d.file} has ${d.bytes} bytes, more than the ${d.max} that such a file may have. Move data out of it.`,
  "config.not_object": (d: { file: string }) =>
    `${d.file} must hold keys with values at its top, and holds something else. Write: name: my-project.`,
  "config.syntax": (d: Placed & { problem: string }) => `${at(d)}: ${d.problem}`,
  "config.no_default_export": (d: { file: string }) =>
    `${d.file} has no default export. Write: export default { … }, or export default (env) => ({ … }).`,
  "config.script_failed": (d: { file: string; reason: string }) => `${d.file} could not be run: ${d.reason}`,
  "config.unknown_key": (d: Placed & { path: string; nearest?: string | undefined; known: string }) =>
    `${at(d)}: "${d.path}" is no known key.${meant(d.nearest)} Known here: ${d.known}.`,
  "config.bad_value": (d: Placed & { path: string; problem: string }) => `${at(d)}: "${d.path}": ${d.problem}.`,
  "config.no_variable": (d: Placed & { path: string; variable: string }) =>
    `${at(d)}: the environment has no ${d.variable}. Set it, or write \${${d.variable}:-a default}.`,
  "config.unknown_override": (d: { variable: string; path: string; nearest?: string | undefined; known: string }) =>
    `The environment variable ${d.variable} means "${d.path}", which is no known key.${meant(d.nearest)} ${d.known === "" ? "Nothing can be set below it." : `Known there: ${d.known}.`} Correct or unset it.`,
  "config.bad_override": (d: { variable: string }) =>
    `The environment variable ${d.variable} must be JSON of the kind that stands there: 80, true or ["a", "b"].`,
  "config.unknown_path": (d: { path: string; nearest?: string | undefined; known: string }) =>
    `The config has no "${d.path}".${meant(d.nearest)} ${d.known === "" ? "Nothing is below it." : `Known: ${d.known}.`}`,
  "config.plain_secret": (d: Placed & { path: string; variable: string }) =>
    `${at(d)}: "${d.path}" is a secret and must not stand here in plain. Write env:${d.variable} and set that variable, or file:PATH.`,
  "config.no_secret_variable": (d: Placed & { path: string; variable: string }) =>
    `${at(d)}: "${d.path}" is to come from the environment, which has no ${d.variable}. Set it.`,
  "config.no_secret_file": (d: Placed & { path: string; secretFile: string; reason: string }) =>
    `${at(d)}: "${d.path}" is to come from ${d.secretFile}: ${d.reason}. Put the secret there, or name another file.`,
  "isolation.bad_option": (d: { agent: string; option: string; wanted: string }) =>
    `The isolated agent "${d.agent}" cannot be made: its option "${d.option}" must be ${d.wanted}. Correct it.`,
  "isolation.not_loaded": (d: { agent: string; module: string; reason: string }) =>
    `The isolated agent "${d.agent}" could not be loaded from ${d.module}: ${d.reason}. Correct the module, or the options "module" and "export".`,
  "isolation.not_ready": (d: { agent: string; ms: number }) =>
    `The isolated agent "${d.agent}" was not ready after ${d.ms} ms and was ended. See what its module does while it loads, or raise "bootMs".`,
  "isolation.not_running": (d: { agent: string }) =>
    `The isolated agent "${d.agent}" is not running. Start it, or call it again when it was restarted.`,
  "isolation.exited": (d: { agent: string; how: string }) =>
    `The isolated agent "${d.agent}" ended by itself (${d.how}). See what ends it: an agent lives until it is stopped.`,
  "isolation.threw": (d: { agent: string; reason: string }) =>
    `The isolated agent "${d.agent}" threw where nobody caught it: ${d.reason}. Catch it there.`,
  "isolation.out_of_memory": (d: { agent: string; mb: number }) =>
    `The isolated agent "${d.agent}" used more than ${d.mb} MiB and was ended. Give it less at a time, or raise "heapMb".`,
  "isolation.hung": (d: { agent: string; ms: number }) =>
    `The isolated agent "${d.agent}" hung: its event loop gave no answer for ${d.ms} ms, and it was ended. Cut its work into pieces, or raise "cpuMs".`,
  "isolation.ignored_cancel": (d: { agent: string; ms: number }) =>
    `The isolated agent "${d.agent}" went on with a cancelled turn for ${d.ms} ms and was ended. Heed call.signal, or raise "graceMs".`,
  "isolation.ignored_stop": (d: { agent: string; ms: number }) =>
    `The isolated agent "${d.agent}" had not stopped after ${d.ms} ms and was ended. See what its stop waits for, or raise "graceMs".`,
  "isolation.bad_message": (d: { what: string }) =>
    `An isolated agent sent ${d.what}, which its host never does, and was ended. See what in it writes to the channel.`,
  "isolation.too_large": (d: { agent: string; characters: number | null }) =>
    `A message ${d.characters === null ? "" : `of ${d.characters} characters `}from or to the isolated agent "${d.agent}" is too large to cross. Keep large data in a store and send its id, or raise "maxMessageMb".`,
  "isolation.too_many_asks": (d: { agent: string; most: number }) =>
    `The isolated agent "${d.agent}" waits for ${d.most} answers already. Await some of them first.`,
  "isolation.turn_over": (d: { agent: string }) =>
    `The turn of the isolated agent "${d.agent}" is over, and nothing can be done in its name any more. Await the work before you return.`,
  "isolation.no_action": (d: { kind: string; name: string }) =>
    `The ${d.kind} "${d.name}" is no action, so isolated code cannot invoke it. Use its methods, if it is a store, session or memory.`,
  "isolation.no_method": (d: { kind: string; name: string; method: string }) =>
    `Isolated code cannot use "${d.method}" of the ${d.kind} "${d.name}". Only the methods of stores, sessions and memories cross; wrap others in a tool.`,
  "isolation.cannot_cross": (d: { what: string }) =>
    `Isolated code cannot hand on ${d.what}: it lives in the kernel's own process. Leave it out.`,
  "isolation.shelf_unknown": (d: { kind: string }) =>
    `Isolated code was not told what there is of the kind "${d.kind}". Name the kind in "shelves", or look a thing up by its name with get.`,
  "log.cannot_open": (d: { destination: string; reason: string }) =>
    `The log cannot be written to ${d.destination}: ${d.reason}. Name a file in a folder that is there.`,
  "folder.has_packages": (d: { folder: string }) =>
    `${d.folder} is inside a plugin, where no digest would cover it. Install packages beside the plugin's folder, or above.`,
  "folder.in_motion": (d: { folder: string }) =>
    `${d.folder} was written to while it was read. Try again when it has come to rest.`,
});
