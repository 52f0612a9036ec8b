import { openProject } from "../project/config.ts";
import { openAt } from "../project/open.ts";
import type { Terminal } from "../terminal.ts";

/** Prints what a project loads: plugins with their status, time and things, then the agents under their supervisors. */
export async function tree(folder: string, terminal: Terminal): Promise<number> {
  const project = await openProject(folder, process.env, terminal.secrets);
  await using opened = await openAt(project, { env: process.env, quiet: true, unwatched: true });
  terminal.print(opened.mofa.tree());
  for (const { path, status, code, reason } of opened.plugins?.list() ?? []) {
    if (status === "failed") terminal.print(`not loaded: ${path}: ${reason} [${code}]`);
  }
  return 0;
}
