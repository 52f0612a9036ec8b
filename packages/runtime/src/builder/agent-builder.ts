import type {
  BudgetLimits,
  Call,
  MailboxOptions,
  Plugin,
  Schema,
  SchemaInput,
  SchemaOutput,
  Supervision,
} from "@mofa/kernel";
import { fail } from "../errors.ts";
import { type BuiltAgent, toBuilt } from "./built-agent.ts";
import type { PortInput, PortValue } from "./port.ts";
import { addPort, blank, checkCount, checkMs, checkName, checkPlugin, type Settings, type Work } from "./settings.ts";

/** The types of an agent that is being built. */
export interface AgentShape {
  readonly config: unknown;
  /** What is given to its input ports, and what its work sees of it. */
  readonly given: object;
  readonly input: object;
  /** What its work returns, and what comes out of its output ports. */
  readonly output: object;
  readonly result: object;
}

type Nothing = Readonly<Record<never, never>>;
export interface BlankShape extends AgentShape {
  readonly config: undefined;
  readonly given: Nothing;
  readonly input: Nothing;
  readonly output: Nothing;
  readonly result: Nothing;
}

/** A shape in which some of it is told anew. */
export type With<Shape extends AgentShape, More extends Partial<AgentShape>> = Omit<Shape, keyof More> & More;

export interface InputOptions {
  /** A topic whose messages this port takes: `topic:orders.*`. They are told, not asked. */
  readonly from?: string;
  /** It may be missing. */
  readonly optional?: boolean;
}

export interface OutputOptions {
  /** Where its value is sent to: `agent:ann`, `role:critic`, `topic:orders.done`. */
  readonly to?: string;
  /** It may be missing. */
  readonly optional?: boolean;
}

type OneOf<Name extends string, Value, Options> = Options extends { readonly optional: true }
  ? { readonly [Port in Name]?: Value }
  : undefined extends Value
    ? { readonly [Port in Name]?: Value }
    : { readonly [Port in Name]: Value };

/** Describes an agent step by step. Each step gives a new builder; `build` refuses what cannot be kept. */
export interface AgentBuilder<Shape extends AgentShape> {
  /** What it is for: read by models and people who choose among agents. */
  describe(text: string): AgentBuilder<Shape>;
  /** Semantic version. Default 1.0.0. */
  version(version: string): AgentBuilder<Shape>;
  /** What its work gets as third argument; checked while building. */
  config<S extends Schema>(schema: S, value: SchemaInput<S>): AgentBuilder<With<Shape, { config: SchemaOutput<S> }>>;
  /** What it can do, for whoever dispatches work by it. */
  capability(...capabilities: readonly string[]): AgentBuilder<Shape>;
  /** Reached by `role:NAME`. */
  role(...roles: readonly string[]): AgentBuilder<Shape>;
  /** A kind, a named thing or a plugin that must be there: `model`, `tool:weather`, `plugin:weather@^2`. */
  needs(...needs: readonly string[]): AgentBuilder<Shape>;
  /** A plugin that comes along and must be there first. */
  plugin(plugin: Plugin): AgentBuilder<Shape>;
  /** A named part of its input. Parts that were not declared are refused. */
  input<const Name extends string, S extends Schema, const Options extends InputOptions = Nothing>(
    name: Name,
    schema: S,
    options?: Options,
  ): AgentBuilder<
    With<
      Shape,
      {
        given: Shape["given"] & OneOf<Name, PortInput<S>, Options>;
        input: Shape["input"] & OneOf<Name, PortValue<S>, Options>;
      }
    >
  >;
  /** A named part of its output. It must give exactly those that were declared. */
  output<const Name extends string, S extends Schema, const Options extends OutputOptions = Nothing>(
    name: Name,
    schema: S,
    options?: Options,
  ): AgentBuilder<
    With<
      Shape,
      {
        output: Shape["output"] & OneOf<Name, PortInput<S>, Options>;
        result: Shape["result"] & OneOf<Name, PortValue<S>, Options>;
      }
    >
  >;
  /** Milliseconds after which a turn is stopped. Default: never. */
  timeout(ms: number): AgentBuilder<Shape>;
  /** How many turns it takes at a time. Default 1. */
  concurrency(count: number): AgentBuilder<Shape>;
  mailbox(options: MailboxOptions): AgentBuilder<Shape>;
  supervision(supervision: Supervision): AgentBuilder<Shape>;
  /** The most that all its turns together may use up: for ever, or each day. Another version begins anew. */
  budget(limits: BudgetLimits, options?: { readonly per?: "day" }): AgentBuilder<Shape>;
  /** Its work. */
  run(
    work: (input: Shape["input"], call: Call, config: Shape["config"]) => Shape["output"] | Promise<Shape["output"]>,
  ): AgentBuilder<Shape>;
  /** Makes the plugin that brings the agent. Once. */
  build(): BuiltAgent<Shape["given"], Shape["result"]>;
}

/** Begins to describe an agent: `agentBuilder("ann").input("text", z.string()).run(…).build()`. */
export function agentBuilder(name: string): AgentBuilder<BlankShape> {
  return builder<BlankShape>(blank(name));
}

function builder<Shape extends AgentShape>(settings: Settings): AgentBuilder<Shape> {
  const { name } = settings;
  let built = false;
  // Each step says in its type what it adds; the settings themselves are of no type.
  const but = (more: Partial<Settings>) => builder<never>({ ...settings, ...more }) as unknown as AgentBuilder<never>;
  const named = (field: "capabilities" | "roles", what: string, more: readonly string[]) => {
    for (const each of more) checkName(name, what, each);
    return but({ [field]: [...new Set([...settings[field], ...more])] });
  };
  const steps = {
    describe: (description: string) => but({ description }),
    version: (version: string) => but({ version }),
    config: (schema: Schema, value: unknown) => but({ config: { schema, value } }),
    capability: (...more: readonly string[]) => named("capabilities", "a capability", more),
    role: (...more: readonly string[]) => named("roles", "a role", more),
    needs: (...needs: readonly string[]) => but({ needs: [...settings.needs, ...needs] }),
    plugin(plugin: Plugin) {
      checkPlugin(name, plugin);
      return but({ plugins: [...settings.plugins, plugin] });
    },
    input(port: string, schema: Schema, { from, optional = false }: InputOptions = {}) {
      return but({ inputs: addPort(name, "input", settings.inputs, { name: port, schema, optional, address: from }) });
    },
    output(port: string, schema: Schema, { to, optional = false }: OutputOptions = {}) {
      return but({ outputs: addPort(name, "output", settings.outputs, { name: port, schema, optional, address: to }) });
    },
    timeout(timeout: number) {
      checkMs(name, "timeout", timeout);
      return but({ timeout });
    },
    concurrency(concurrency: number) {
      checkCount(name, "concurrency", concurrency);
      return but({ concurrency });
    },
    mailbox(mailbox: MailboxOptions) {
      if (mailbox.maxMessages !== undefined) checkCount(name, "mailbox.maxMessages", mailbox.maxMessages);
      if (mailbox.maxBytes !== undefined) checkCount(name, "mailbox.maxBytes", mailbox.maxBytes);
      return but({ mailbox });
    },
    supervision: (supervision: Supervision) => but({ supervision }),
    budget: (limits: BudgetLimits, { per }: { readonly per?: "day" } = {}) => but({ budget: { limits, per } }),
    run: (work: Work) => but({ work }),
    build() {
      if (built) throw fail("builder.built", { agent: name });
      if (settings.work === undefined) throw fail("builder.no_run", { agent: name });
      const made = toBuilt(settings, settings.work);
      built = true;
      return made;
    },
  };
  return steps as unknown as AgentBuilder<Shape>;
}
