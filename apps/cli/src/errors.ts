import { defineErrors } from "@mofa/sdk";

/** The errors of the command and of project folders. */
export const fail = defineErrors({
  "project.no_file": (d: { what: string; file: string }) =>
    `The ${d.what} ${d.file} is not there. Make it, or change the config.`,
  "project.bad_json": (d: { file: string; problem: string }) =>
    `${d.file} is not the JSON that was expected: ${d.problem}`,
  "ticket.not_text": (d: { file: string; offset: number }) =>
    `${d.file} is not text: byte ${d.offset} is not UTF-8. Save it as UTF-8 text and drop it in again under another name.`,
  "ticket.too_large": (d: { file: string; bytes: number; max: number }) =>
    `${d.file} has ${d.bytes} bytes, more than the ${d.max} that a ticket may have. Shorten it or split it.`,
  "usage.bad_port": (d: { value: string }) =>
    `"${d.value}" is no port. Use a whole number from 0 to 65535; 0 takes any free one.`,
  "usage.file_there": (d: { file: string }) => `${d.file} is there already and is left as it is. Name another file.`,
  "usage.bad_trust": (d: { value: string }) =>
    `"${d.value}" names no key to trust. Write ID=PUBLICKEY, with the line that mofa plugin keygen printed.`,
  "plugin.still_waits": (d: { name: string; reason: string }) =>
    `The plugin "${d.name}" cannot begin: ${d.reason}. Add what it needs to the project, or correct the config.`,
});
