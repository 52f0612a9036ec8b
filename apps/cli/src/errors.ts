import { defineErrors } from "@mofa/sdk";

/** The errors of the command and of project folders. */
export const fail = defineErrors({
  "config.not_found": (d: { folder: string }) =>
    `There is no mofa.config.yaml in ${d.folder}. Name the folder of a project, or make that file.`,
  "config.syntax": (d: { file: string; line: number; column: number; problem: string }) =>
    `${d.file}:${d.line}:${d.column}: ${d.problem}`,
  "config.unknown_key": (d: {
    file: string;
    line: number;
    column: number;
    path: string;
    nearest?: string | undefined;
    known: string;
  }) =>
    `${d.file}:${d.line}:${d.column}: "${d.path}" is no known key.${d.nearest === undefined ? "" : ` Did you mean "${d.nearest}"?`} Known here: ${d.known}.`,
  "config.bad_value": (d: { file: string; line: number; column: number; path: string; problem: string }) =>
    `${d.file}:${d.line}:${d.column}: "${d.path}": ${d.problem}.`,
  "config.no_variable": (d: { file: string; line: number; column: number; variable: string }) =>
    `${d.file}:${d.line}:${d.column}: the environment has no ${d.variable}. Set it, or write \${${d.variable}:-a default}.`,
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
});
