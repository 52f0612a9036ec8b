import type { AgentInfo, PluginInfo } from "../kinds/control.ts";

/** Prints what is loaded as an indented tree: plugins with status, milliseconds and what they brought, then agents. */
export function printTree(plugins: readonly PluginInfo[], agents: readonly AgentInfo[]): string {
  const lines = plugins.flatMap((plugin) => [
    `${plugin.name}@${plugin.version}  ${plugin.status}  ${plugin.ms.toFixed(1)} ms${plugin.reason === undefined ? "" : `  (${plugin.reason})`}`,
    ...plugin.provides.map((name, index) => `${index === plugin.provides.length - 1 ? "└─" : "├─"} ${name}`),
  ]);
  if (agents.length > 0) lines.push("", "agents");
  for (const agent of agents) {
    lines.push(
      `  ${agent.name}  ${agent.status}  handled ${agent.handled}, failed ${agent.failed}, queued ${agent.queued}`,
    );
  }
  return lines.join("\n");
}
