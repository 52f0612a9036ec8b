import type { AgentInfo, PluginInfo, SupervisorInfo } from "../kinds/control.ts";

/**
 * Prints what is loaded: plugins with status, milliseconds and what they brought, then the supervisors from the kernel
 * down, with the agents that each watches over. What is as it should be is not said.
 */
export function printTree(
  plugins: readonly PluginInfo[],
  agents: readonly AgentInfo[],
  supervisors: readonly SupervisorInfo[],
): string {
  const heads = plugins.map(({ name, version }) => `${name}@${version}`);
  const width = Math.max(0, ...heads.map(({ length }) => length));
  const statuses = Math.max(0, ...plugins.map(({ status }) => status.length));
  const lines = plugins.flatMap((plugin, index) => {
    const { status, ms, reason } = plugin;
    const head = `${(heads[index] as string).padEnd(width)}  ${status.padEnd(statuses)}  ${ms.toFixed(1).padStart(7)} ms`;
    return [head + because(reason), ...drawn(shelvesOf(plugin))];
  });
  const top = supervisors.find(({ supervisor }) => supervisor === undefined);
  if (top !== undefined && top.members.length > 0) {
    const byName = new Map(supervisors.map((supervisor) => [`supervisor:${supervisor.name}`, supervisor]));
    // Two versions of one name may be there for a while.
    const byAddress = Map.groupBy(agents, ({ name }) => `agent:${name}`);
    lines.push("", ...branch({ byName, byAddress }, top));
  }
  return lines.join("\n");
}

const NAMED = 12;

/** A line for each kind that a plugin brought something of: `tool: find, pay`. */
function shelvesOf({ provides }: PluginInfo): readonly (readonly string[])[] {
  const kinds = Map.groupBy(provides, (thing) => thing.slice(0, thing.indexOf(":")));
  return [...kinds].map(([kind, things]) => {
    const names = things.map((thing) => thing.slice(kind.length + 1));
    const rest = names.length > NAMED ? ` and ${names.length - NAMED} more` : "";
    return [`${kind}: ${names.slice(0, NAMED).join(", ")}${rest}`];
  });
}

/** Branches, each of which is a line with its own branches below. */
function drawn(branches: readonly (readonly string[])[]): string[] {
  return branches.flatMap((lines, index) => {
    const isLast = index === branches.length - 1;
    return lines.map((line, row) => (row > 0 ? (isLast ? "   " : "│  ") : isLast ? "└─ " : "├─ ") + line);
  });
}

interface Known {
  readonly byName: ReadonlyMap<string, SupervisorInfo>;
  readonly byAddress: ReadonlyMap<string, AgentInfo[]>;
}

function branch(known: Known, supervisor: SupervisorInfo): string[] {
  const below = supervisor.members.flatMap((member) => {
    const other = known.byName.get(member);
    if (other !== undefined) return [branch(known, other)];
    const agent = known.byAddress.get(member)?.shift();
    return agent === undefined ? [] : [[sayAgent(agent)]];
  });
  return [saySupervisor(supervisor), ...drawn(below)];
}

function saySupervisor({ name, strategy, failures, maxRestarts, within, supervisor }: SupervisorInfo): string {
  const each = supervisor === undefined ? " each" : "";
  const lately = failures === 0 ? "" : `, ${failures} lately`;
  return `supervisor ${name}  ${strategy}, at most ${maxRestarts} restarts${each} within ${within} ms${lately}`;
}

function sayAgent({ name, status, handled, failed, queued, restarts, reason }: AgentInfo): string {
  const counts = Object.entries({ handled, failed, queued, restarts }).filter(([, count]) => count > 0);
  const done = counts.length === 0 ? "" : `  ${counts.map(([what, count]) => `${what} ${count}`).join(", ")}`;
  return `${name}  ${status}${done}${because(reason)}`;
}

function because(reason: string | undefined): string {
  return reason === undefined ? "" : `  (${reason})`;
}
