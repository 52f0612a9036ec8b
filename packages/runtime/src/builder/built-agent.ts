import {
  type Agent,
  type Call,
  type Check,
  type InvokeOptions,
  type Plugin,
  type PluginContext,
  sayIssues,
  toCheck,
  toErrorJson,
} from "@mofa/kernel";
import { fail } from "../errors.ts";
import { installPlugins } from "./install.ts";
import { checkPorts, type Port, portsSchema } from "./port.ts";
import type { PlugHost, Settings, Work } from "./settings.ts";

/** A plugin that brings one agent, with the plugins that come along. */
export interface BuiltAgent<Input, Output> extends Plugin {
  readonly agent: Agent<Input, Output>;
  /** To be plugged before this one; `install` does it. */
  readonly plugins: readonly Plugin[];
  /** Plugs what comes along, where it is not there yet, and then the agent. When one fails, nothing stays. */
  install(kernel: PlugHost): Promise<InstalledAgent<Input, Output>>;
}

/** An agent at work in a kernel. */
export interface InstalledAgent<Input, Output> {
  readonly name: string;
  invoke(input: Input, options?: InvokeOptions): Promise<Output>;
  /** Takes the agent away, and what `install` plugged for it. */
  uninstall(): Promise<void>;
}

/** Makes the plugin; everything that was said of the agent is in force from here on. */
export function toBuilt<Input, Output>(settings: Settings, work: Work): BuiltAgent<Input, Output> {
  const { name, version, plugins, inputs, budget } = settings;
  checkFilled(name, inputs);
  const agent = toAgent<Input, Output>(settings, work, checkConfig(settings));
  const needs = [
    ...plugins.map((plugin) => `plugin:${plugin.name}`),
    ...settings.needs,
    ...(budget === undefined ? [] : ["budgets"]),
  ];
  const plugin: Plugin = { name: `agent-${name}`, version, needs, setup: (ctx) => setUp(ctx, agent, settings) };
  return {
    ...plugin,
    agent,
    plugins,
    async install(kernel) {
      const uninstall = await installPlugins(kernel, [...plugins, plugin]);
      return { name, invoke: (input, options) => kernel.invoke(agent, input, options), uninstall };
    },
  };
}

function toAgent<Input, Output>(settings: Settings, work: Work, config: unknown): Agent<Input, Output> {
  const { name, description, inputs, outputs, roles, capabilities } = settings;
  const check = checkPorts(outputs);
  const given = Object.entries({
    description,
    timeout: settings.timeout,
    concurrency: settings.concurrency,
    mailbox: settings.mailbox,
    supervision: settings.supervision,
  });
  return {
    kind: "agent",
    name,
    roles,
    capabilities,
    input: portsSchema(inputs, checkPorts(inputs)),
    // Checked in `run`, before anything is sent on: what comes here has passed, and must not be transformed twice.
    output: portsSchema(outputs, (value) => ({ value })),
    ...Object.fromEntries(given.filter(([, value]) => value !== undefined)),
    async run(input, call) {
      const output = await checkOutput(name, check, await work(input, call, config));
      for (const port of outputs) await sendOn(name, port, output[port.name], call);
      return output as Output;
    },
  };
}

async function checkOutput(agent: string, check: Check, output: unknown): Promise<Readonly<Record<string, unknown>>> {
  const checked = await check(output);
  if ("value" in checked) return checked.value as Readonly<Record<string, unknown>>;
  throw fail("port.bad_output", { agent, problems: sayIssues(checked.issues) });
}

async function sendOn(agent: string, port: Port, body: unknown, call: Call): Promise<void> {
  const { name, address: to } = port;
  if (to === undefined || body === undefined) return;
  const refuse = (reason: string, cause?: unknown) =>
    fail("port.not_sent", { agent, port: name, to, reason }, { cause });
  let reason: string | undefined;
  try {
    const delivery = await call.send({ to, type: name, body });
    reason = delivery.status === "rejected" ? (delivery.reason?.message ?? "Nobody took it.") : undefined;
  } catch (cause) {
    throw refuse(toErrorJson(cause).message, cause);
  }
  if (reason !== undefined) throw refuse(reason);
}

function setUp(ctx: PluginContext, agent: Agent, { name, version, inputs, mailbox, budget }: Settings): void {
  if (budget !== undefined) {
    const { limits, per } = budget;
    // With the version: while one replaces the other, both are there and both hold.
    const kept = { name: `agent:${name}@${version}`, scope: "agent", of: name, limits } as const;
    const budgets = ctx.find("budgets");
    if (budgets !== undefined) ctx.own(budgets.add(per === undefined ? kept : { ...kept, per }));
  }
  ctx.provide("agent", agent);
  for (const port of inputs) {
    if (port.address === undefined) continue;
    // Told on, not invoked: the agent's own mailbox bounds and orders it, and as many as it allows are worked on at a time.
    ctx.receive(
      port.address,
      async ({ type, body, priority }, call) => {
        const delivery = await call.send({ to: `agent:${name}`, type, body: { [port.name]: body }, priority });
        if (delivery.status !== "rejected") return;
        const reason = delivery.reason?.message ?? "It took nothing.";
        throw fail("port.not_sent", { agent: name, port: port.name, to: `agent:${name}`, reason }, { stack: false });
      },
      mailbox,
    );
  }
}

/** A message of a topic fills one port: the others must not be missed. */
function checkFilled(agent: string, inputs: readonly Port[]): void {
  for (const { name: from, address: topic } of inputs) {
    if (topic === undefined) continue;
    const missed = inputs.find(({ name, optional }) => name !== from && !optional);
    if (missed !== undefined) throw fail("builder.port_never_filled", { agent, port: missed.name, from, topic });
  }
}

function checkConfig({ name, config }: Settings): unknown {
  if (config === undefined) return undefined;
  const checked = toCheck(config.schema)(config.value);
  if (checked instanceof Promise) {
    // Refused either way; what it would have said is of no interest any more.
    checked.catch(() => {});
    throw fail("builder.config_waits", { agent: name });
  }
  if ("value" in checked) return checked.value;
  throw fail("builder.bad_config", { agent: name, problems: sayIssues(checked.issues) });
}
