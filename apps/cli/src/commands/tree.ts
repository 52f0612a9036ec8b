import { openProject } from "../project/config.ts";
import { openAt } from "../project/open.ts";

/** Prints what a project loads: plugins with their status, time and things, then the agents. */
export async function tree(folder: string): Promise<number> {
  const project = await openProject(folder, process.env);
  await using opened = await openAt(project, { env: process.env, quiet: true, unwatched: true });
  process.stdout.write(`${opened.mofa.tree()}\n`);
  return 0;
}
