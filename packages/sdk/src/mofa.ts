import { type ReactOptions, reactAgent } from "@mofa/agents";
import type { Action, AgentInput, AgentReply, Engine, InvokeOptions, LogEntry, Run, StartOptions } from "@mofa/kernel";
import { createKernel, type EventFeed, inMemory, type Kernel, type KernelOptions } from "@mofa/kernel/host";
import { fail } from "./errors.ts";
import { stderrLog } from "./log.ts";

/** What a kernel takes, with other defaults. */
export interface MofaOptions extends KernelOptions {
  /** Where log lines go. Default: warnings and errors, as text, to standard error. */
  readonly log?: (entry: LogEntry) => void;
  /** Plugins that may look into the kernel, by name. Default: gateway and health. */
  readonly control?: readonly string[];
}

/** A kernel with agents and kept runs at hand. Ends with `await using`, or `end()`. */
export interface Mofa extends Kernel {
  /** Brings an agent that answers with a model and uses tools. */
  agent(options: ReactOptions): AgentHandle;
  /** What keeps runs; throws `mofa.no_engine` without the workflow plugin. */
  engine(): Engine;
  /** Starts a kept run of a registered action. */
  start<Input, Output>(action: Action<Input, Output>, input: Input, options?: StartOptions): Promise<Run<Output>>;
}

/** An agent to talk to. */
export interface AgentHandle {
  readonly name: string;
  readonly agent: Action<AgentInput, AgentReply>;
  ask(text: string, options?: TalkOptions): Promise<AgentReply>;
  /** Asks, and yields what happens meanwhile; `result` is the answer. Leaving the loop cancels the turn. */
  stream(text: string, options?: TalkOptions): EventFeed<AgentReply>;
}

export interface TalkOptions extends Pick<InvokeOptions, "signal" | "timeout" | "budget" | "tenant"> {
  /** The conversation this belongs to, for the agent and for budgets. Default: none, the turn remembers nothing. */
  readonly session?: string;
}

/** Makes a kernel out of plugins, with the in-memory stores below whatever the plugins bring. */
export async function createMofa(options: MofaOptions = {}): Promise<Mofa> {
  const { plugins = [], log = stderrLog(), control = ["gateway", "health"], ...rest } = options;
  const kernel = await createKernel({ ...rest, plugins: [inMemory(), ...plugins], log, control });
  const engine = () => {
    const found = kernel.find("engine");
    if (found === undefined) throw fail("mofa.no_engine", {});
    return found;
  };
  const more: Omit<Mofa, keyof Kernel> = {
    agent: (agentOptions) => bringAgent(kernel, agentOptions),
    engine,
    start: async (action, input, startOptions) => engine().start(action, input, startOptions),
  };
  return Object.assign(kernel, more);
}

function bringAgent(kernel: Kernel, options: ReactOptions): AgentHandle {
  const agent = reactAgent(options);
  kernel.provide("agent", agent);
  const split = (text: string, { session, ...rest }: TalkOptions) =>
    [session === undefined ? { text } : { text, session }, rest] as const;
  return {
    name: agent.name,
    agent,
    ask: (text, talk = {}) => kernel.invoke(agent, ...split(text, talk)),
    stream: (text, talk = {}) => kernel.stream(agent, ...split(text, talk)),
  };
}
