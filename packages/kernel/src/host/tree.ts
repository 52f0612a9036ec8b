import type { AgentInfo, PluginInfo, SupervisorInfo } from "../kinds/control.ts";

/**
 * Prints what is loaded: plugins with status, milliseconds and what they brought, then the supervisors from the kernel
 * down, with the agents that each watches over.
 */
export function printTree(
  plugins: readonly PluginInfo[],
  agents: readonly AgentInfo[],
  supervisors: readonly SupervisorInfo[],
): string {
  const lines = plugins.flatMap((plugin) => [
    `${plugin.name}@${plugin.version}  ${plugin.status}  ${plugin.ms.toFixed(1)} ms${plugin.reason === undefined ? "" : `  (${plugin.reason})`}`,
    ...plugin.provides.map((name, index) => `${index === plugin.provides.length - 1 ? "└─" : "├─"} ${name}`),
  ]);
  const top = supervisors.find(({ supervisor }) => supervisor === undefined);
  if (top !== undefined && top.members.length > 0) {
    const byName = new Map(supervisors.map((supervisor) => [`supervisor:${supervisor.name}`, supervisor]));
    // Two versions of one name may be there for a while.
    const byAddress = Map.groupBy(agents, ({ name }) => `agent:${name}`);
    lines.push("", ...branch({ byName, byAddress }, top, ""));
  }
  return lines.join("\n");
}

interface Known {
  readonly byName: ReadonlyMap<string, SupervisorInfo>;
  readonly byAddress: ReadonlyMap<string, AgentInfo[]>;
}

function branch(known: Known, supervisor: SupervisorInfo, indent: string): string[] {
  const { name, strategy, failures, maxRestarts, within, members } = supervisor;
  const bound = supervisor.supervisor === undefined ? `${maxRestarts} each` : `${maxRestarts}`;
  const lines = [`${indent}supervisor ${name}  ${strategy}  ${failures} of ${bound} restarts within ${within} ms`];
  for (const member of members) {
    const below = known.byName.get(member);
    if (below !== undefined) lines.push(...branch(known, below, `${indent}  `));
    const agent = known.byAddress.get(member)?.shift();
    if (agent !== undefined) lines.push(`${indent}  ${sayAgent(agent)}`);
  }
  return lines;
}

function sayAgent({ name, status, handled, failed, queued, restarts, reason }: AgentInfo): string {
  const why = reason === undefined ? "" : `  (${reason})`;
  return `${name}  ${status}  handled ${handled}, failed ${failed}, queued ${queued}, restarts ${restarts}${why}`;
}
