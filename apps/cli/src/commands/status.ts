import type { ErrorJson } from "@mofa/sdk";
import { fail } from "../errors.ts";
import { openProject } from "../project/config.ts";
import type { Terminal } from "../terminal.ts";

/** What the gateway says is wrong. */
interface Trouble {
  readonly level: "bad" | "warn";
  readonly what: string;
  readonly why: string;
}

interface QueueCount {
  readonly queue: string;
  readonly status: string;
  readonly count: number;
}

interface Answer {
  readonly queues?: readonly QueueCount[] | null;
  readonly troubles?: readonly Trouble[];
  readonly error?: ErrorJson;
}

const PATIENCE = 10_000;
const ANYWHERE = new Set(["0.0.0.0", "::"]);

/** Asks the gateway of a project at work what is wrong, and prints it. 0 when nothing has failed, else 1. */
export async function status(
  folder: string,
  { port: given }: { readonly port?: number },
  terminal: Terminal,
): Promise<number> {
  const project = await openProject(folder, process.env, terminal.secrets);
  const { host, port, token } = project.config.gateway;
  const name = ANYWHERE.has(host) ? "127.0.0.1" : host.includes(":") ? `[${host}]` : host;
  const { troubles, queues } = await ask(`http://${name}:${given ?? port}`, token);
  for (const { level, what, why } of troubles)
    terminal.print(`${level.padEnd(4)}  ${what}${why === "" ? "" : `: ${why}`}`);
  if (troubles.length === 0) terminal.print("all is well");
  for (const line of sayQueues(queues)) terminal.print(line);
  return troubles.some(({ level }) => level === "bad") ? 1 : 0;
}

interface Seen {
  readonly troubles: readonly Trouble[];
  readonly queues: readonly QueueCount[];
}

/** One line for each queue: how many runs of it are in which status. */
function sayQueues(counts: readonly QueueCount[]): readonly string[] {
  const queues = [...new Set(counts.map(({ queue }) => queue))].toSorted();
  return queues.map((queue) => {
    const own = counts.filter((each) => each.queue === queue).map(({ status, count }) => `${count} ${status}`);
    return `runs  ${queue === "" ? "without a queue" : `queue ${queue}`}: ${own.join(", ")}`;
  });
}

async function ask(url: string, token: string | undefined): Promise<Seen> {
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  const answer = await fetch(`${url}/api/status`, { headers, signal: AbortSignal.timeout(PATIENCE) })
    .then((response) => response.json() as Promise<Answer>)
    .catch((cause: unknown) => {
      throw fail("gateway.silent", { url }, { cause });
    });
  if (answer.troubles !== undefined) return { troubles: answer.troubles, queues: answer.queues ?? [] };
  throw fail("gateway.refused", { url, reason: answer.error?.message ?? "it is no MoFA gateway, or another version" });
}
