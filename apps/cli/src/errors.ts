import { defineErrors } from "@mofa/sdk";

/** The errors of the command and of project folders. */
export const fail = defineErrors({
  "project.no_file": (d: { what: string; file: string }) =>
    `The ${d.what} ${d.file} is not there. Make it, or change the config.`,
  "usage.ended": (d: { run: string; status: string; reason?: string | undefined }) =>
    `The run "${d.run}" has already ended: it is ${d.status}${d.reason === undefined ? "" : ` (${d.reason.replace(/\.$/u, "")})`}. There is nothing to stop; what it came to: mofa runs show ${d.run}`,
  "usage.not_dead": (d: { run: string; status: string }) =>
    `The run "${d.run}" is ${d.status}, and only dead runs can be queued again. To do it anew, fork it: mofa runs fork ${d.run}`,
  "project.bad_json": (d: { file: string; problem: string }) =>
    `${d.file} is not the JSON that was expected: ${d.problem}`,
  "project.module_outside": (d: { agent: string; module: string; folder: string }) =>
    `The agent "${d.agent}" names the module ${d.module}, which is outside of the project ${d.folder}. Put it inside; paths begin at the project's folder.`,
  "project.module_among_agents": (d: { agent: string; module: string }) =>
    `The agent "${d.agent}" names the module ${d.module}, which lies in agents/ and is an agent by itself there. Put it into another folder, and name it from the project's folder.`,
  "project.no_module": (d: { agent: string; module: string; file: string }) =>
    `The agent "${d.agent}" names the module ${d.module}, but there is no file ${d.file}. Make it, or correct the path.`,
  "ticket.not_text": (d: { file: string; offset: number }) =>
    `${d.file} is not text: byte ${d.offset} is not UTF-8. Save it as UTF-8 text and drop it in again under another name.`,
  "ticket.too_large": (d: { file: string; bytes: number; max: number }) =>
    `${d.file} has ${d.bytes} bytes, more than the ${d.max} that a ticket may have. Shorten it or split it.`,
  "gateway.silent": (d: { url: string }) =>
    `Nobody answers at ${d.url}. Start the project with mofa start, or name its port with --port.`,
  "gateway.refused": (d: { url: string; reason: string }) => `${d.url} does not say how it is: ${d.reason}`,
  "usage.no_database": (d: { folder: string }) =>
    `No database is named: ${d.folder} is no project folder with a mofa.config file. Name the project's folder, or a database with --database FILE or --database env:VARIABLE.`,
  "usage.no_variable": (d: { name: string }) =>
    `The variable ${d.name}, which is to hold the address of the database, is not set. Set it: export ${d.name}=postgres://user:password@host/database`,
  "usage.bad_age": (d: { value: string }) => `"${d.value}" is no length of time. Write one such as 30d, 12h or 90m.`,
  "usage.nothing_old": (d: { command: string; what?: string | undefined }) =>
    d.what === undefined
      ? `${d.command} was not told what may go. Say --older-than 30d or --keep 1000 for runs, and the same for others: --sessions-older-than, --facts-keep, --documents-older-than.`
      : `${d.command} was not told which ${d.what} are old. Say --${d.what}-older-than 30d, --${d.what}-keep 1000, or both.`,
  "usage.no_prefix": (d: { command: string }) =>
    `${d.command} was not told which documents. All kinds of things are kept as such: say --documents-prefix inbox/, or --documents-prefix "" for all of them.`,
  "usage.bad_port": (d: { value: string }) =>
    `"${d.value}" is no port. Use a whole number from 0 to 65535; 0 takes any free one.`,
  "usage.file_there": (d: { file: string }) => `${d.file} is there already and is left as it is. Name another file.`,
  "usage.bad_json": (d: { value: string }) =>
    `"${d.value}" is no JSON. Text needs double quotes inside of the shell's own: '"yes"'.`,
  "usage.bad_trust": (d: { value: string }) =>
    `"${d.value}" names no key to trust. Write ID=PUBLICKEY, with the line that mofa plugin keygen printed.`,
  "plugin.still_waits": (d: { name: string; reason: string }) =>
    `The plugin "${d.name}" cannot begin: ${d.reason}. Add what it needs to the project, or correct the config.`,
});
