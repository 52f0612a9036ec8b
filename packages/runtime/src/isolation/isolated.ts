import { isAbsolute, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import {
  type Agent,
  type AgentLife,
  type Call,
  type Clock,
  type JsonObject,
  type MailboxOptions,
  type Schema,
  type Supervision,
  systemClock,
  toJson,
} from "@mofa/kernel";
import { fail } from "../errors.ts";
import { startProcess } from "./child-process.ts";
import { type ByContract, byContract, loadAgent, type Place } from "./inside/load.ts";
import { createSession, type Session, type SessionOptions } from "./session.ts";
import { startThread } from "./thread.ts";

/** Where an agent runs: in this thread, in a thread of its own, or in a process of its own. */
export type Isolation = "inline" | "worker" | "process";

export interface IsolatedOptions {
  readonly name: string;
  /** The module that has the agent: a URL, or a path (from the current folder, unless it is absolute). */
  readonly module: URL | string;
  /** What it exports as: the agent, or a function of `options` that makes it. Default `agent`. */
  readonly export?: string;
  readonly options?: JsonObject;
  readonly isolation: Isolation;
  /** MiB of its heap; while it works, what it holds outside of the heap is bounded by the same number. Default 256. */
  readonly heapMb?: number;
  /** MiB of its stack; default what Node gives. */
  readonly stackMb?: number;
  /** Milliseconds that its event loop may be held up while a turn is in work. Default 5,000. */
  readonly cpuMs?: number;
  /** Milliseconds until it is ready at most. Default 20,000. */
  readonly bootMs?: number;
  /** Milliseconds that it gets to stop, and a cancelled turn to end, before it is ended. Default 2,000. */
  readonly graceMs?: number;
  /** MiB of JSON text (in characters) that one message may have. Default 64. */
  readonly maxMessageMb?: number;
  /** The environment variables that it sees. Default none. */
  readonly env?: readonly string[];
  /** Kinds (`tool`, `model`) whose things its calls may list and find; looking up by name with `get` needs none. */
  readonly shelves?: readonly string[];
  /** Milliseconds of a turn. */
  readonly timeout?: number;
  readonly description?: string;
  readonly input?: Schema;
  readonly output?: Schema;
  readonly roles?: readonly string[];
  readonly topics?: readonly string[];
  readonly capabilities?: readonly string[];
  readonly concurrency?: number;
  readonly mailbox?: MailboxOptions;
  readonly supervision?: Supervision;
  /** Times its watchdog and its grace; default the machine's clock, because threads and processes live by that. */
  readonly clock?: Clock;
}

/**
 * An agent whose code runs inline, in a thread or in a process of its own: same code, same address, same call.
 *
 * What comes in and goes out is plain JSON. When its thread or process dies, hangs, or grows beyond its limits, its turns
 * fail with `agent.crashed`, nobody else is harmed, and its supervisor starts it again. This contains accidents; it is no
 * sandbox for hostile code. A thread shares this process, and can bring it down by native code, or by asking for more
 * memory in one leap than V8 leaves a thread at its limit: where that must not be, choose a process, which has the rights
 * of its user. What it prints is not kept: it speaks through `call.log`.
 */
export function isolated<Input = unknown, Output = unknown>(options: IsolatedOptions): Agent<Input, Output> {
  const place = placeOf(options);
  const limits = limitsOf(options);
  const life = options.isolation === "inline" ? inline(place) : apart(options, { place, limits });
  return { ...headOf(options), kind: "agent", ...life } as Agent<Input, Output>;
}

type Life = Pick<Agent, "start" | "stop" | "run">;
type Limits = Omit<SessionOptions, "spec" | "open" | "failed" | "done">;

function inline(place: Place): Life {
  let agent: Agent | undefined;
  let work: ByContract | undefined;
  return {
    async start(life) {
      agent = await loadAgent(place);
      work = byContract(agent);
      await agent.start?.(life);
    },
    stop: () => agent?.stop?.(),
    run(input: unknown, call: Call) {
      if (work === undefined) throw fail("isolation.not_running", { agent: place.agent }, { stack: false });
      return work(input, call);
    },
  };
}

function apart({ isolation }: IsolatedOptions, { place, limits }: { place: Place; limits: Limits }): Life {
  const open = isolation === "worker" ? startThread : startProcess;
  let session: Session | undefined;
  return {
    async start(life) {
      // A life that ended badly may have left its own behind.
      await session?.kill(life.signal.reason);
      const one = createSession({
        ...limits,
        spec: place,
        open,
        failed: (error) => life.failed(error),
        done: () => life.done(),
      });
      session = one;
      await untilReady(one, life);
    },
    async stop() {
      const one = session;
      session = undefined;
      await one?.stop();
    },
    run(input: unknown, call: Call) {
      if (session === undefined) throw fail("isolation.not_running", { agent: place.agent }, { stack: false });
      return session.turn(input, call);
    },
  };
}

async function untilReady(session: Session, { signal }: AgentLife): Promise<void> {
  const abandon = () => void session.kill(signal.reason);
  if (signal.aborted) abandon();
  signal.addEventListener("abort", abandon, { once: true });
  try {
    await session.ready;
  } catch (error) {
    await session.kill(error);
    throw error;
  } finally {
    signal.removeEventListener("abort", abandon);
  }
}

function placeOf({ name, module, export: exported = "agent", options = {} }: IsolatedOptions): Place {
  return { agent: name, module: toUrl(name, module), export: exported, options: toJson(options) as JsonObject };
}

function toUrl(agent: string, module: URL | string): string {
  if (module instanceof URL) return module.href;
  if (module.startsWith("file:") || module.startsWith("data:")) return module;
  if (isAbsolute(module) || module.startsWith(".")) return pathToFileURL(resolve(module)).href;
  throw fail("isolation.bad_option", { agent, option: "module", wanted: `a URL or a path, not "${module}"` });
}

function limitsOf(options: IsolatedOptions): Limits {
  const { name: agent, heapMb = 256, stackMb, cpuMs = 5_000, bootMs = 20_000, graceMs = 2_000 } = options;
  const { maxMessageMb = 64, env = [], shelves = [], clock = systemClock } = options;
  for (const [option, value] of Object.entries({ heapMb, stackMb, cpuMs, bootMs, graceMs, maxMessageMb })) {
    if (value !== undefined && !(Number.isFinite(value) && value > 0))
      throw fail("isolation.bad_option", { agent, option, wanted: `a number above 0, not ${value}` });
  }
  const seen = env.flatMap((name) => (process.env[name] === undefined ? [] : [[name, process.env[name]]]));
  const most = Math.round(maxMessageMb * 1024 * 1024);
  return { clock, cpuMs, bootMs, graceMs, shelves, limits: { heapMb, stackMb, most, env: Object.fromEntries(seen) } };
}

type Head = Omit<Agent, keyof Life | "kind">;

function headOf(options: IsolatedOptions): Head {
  const { name, description, input, output, timeout, roles, topics, capabilities, concurrency, mailbox, supervision } =
    options;
  const all = { description, input, output, timeout, roles, topics, capabilities, concurrency, mailbox, supervision };
  const given = Object.entries(all).filter(([, value]) => value !== undefined);
  return { name, ...Object.fromEntries(given) };
}
