import type { BudgetLimits, Call, MailboxOptions, Plugin, Schema, Supervision } from "@mofa/kernel";
import type { Kernel } from "@mofa/kernel/host";
import { fail } from "../errors.ts";
import type { Port } from "./port.ts";

/** What an agent does, before its types are known. */
export type Work = (input: unknown, call: Call, config: unknown) => unknown;

/** All that was said of an agent so far. */
export interface Settings {
  readonly name: string;
  readonly version: string;
  readonly description: string | undefined;
  readonly config: { readonly schema: Schema; readonly value: unknown } | undefined;
  readonly capabilities: readonly string[];
  readonly roles: readonly string[];
  readonly needs: readonly string[];
  readonly plugins: readonly Plugin[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly timeout: number | undefined;
  readonly concurrency: number | undefined;
  readonly mailbox: MailboxOptions | undefined;
  readonly supervision: Supervision | undefined;
  readonly budget: { readonly limits: BudgetLimits; readonly per: "day" | undefined } | undefined;
  readonly work: Work | undefined;
}

export type PlugHost = Pick<Kernel, "plug" | "unplug" | "plugins" | "invoke">;

/** An agent of which only the name is known. */
export function blank(name: string): Settings {
  checkName(name, "its name", name);
  return {
    name,
    version: "1.0.0",
    description: undefined,
    config: undefined,
    capabilities: [],
    roles: [],
    needs: [],
    plugins: [],
    inputs: [],
    outputs: [],
    timeout: undefined,
    concurrency: undefined,
    mailbox: undefined,
    supervision: undefined,
    budget: undefined,
    work: undefined,
  };
}

const NAME = /^[\p{L}\p{N}_./:@-]{1,128}$/u;
const PORT = /^[\p{L}_$][\p{L}\p{N}_$]{0,63}$/u;

export function checkName(agent: string, field: string, name: string): void {
  if (typeof name === "string" && NAME.test(name)) return;
  refuse(agent, field, `"${name}" must be 1 to 128 letters, digits, dots, dashes, slashes or underscores`);
}

export function checkMs(agent: string, field: string, ms: number): void {
  if (!(Number.isFinite(ms) && ms > 0)) refuse(agent, field, "must be more than 0 ms");
}

export function checkCount(agent: string, field: string, count: number): void {
  if (!(Number.isInteger(count) && count >= 1)) refuse(agent, field, "must be a whole number from 1");
}

export function checkPlugin(agent: string, plugin: Plugin): void {
  const is = plugin as Partial<Plugin> | null | undefined;
  const whole = typeof is?.name === "string" && typeof is.version === "string" && typeof is.setup === "function";
  if (!whole)
    refuse(agent, "a plugin", "must have a name, a version and a setup; call a factory like weather({…}) first");
}

/** Adds a port to those of one side. */
export function addPort(agent: string, side: "input" | "output", ports: readonly Port[], port: Port): readonly Port[] {
  const { name, address, schema } = port;
  if (!PORT.test(name))
    refuse(agent, `the ${side} port "${name}"`, "must be named like a variable, with at most 64 characters");
  if (typeof schema !== "object" && typeof schema !== "function")
    refuse(agent, `the ${side} port "${name}"`, "must have a schema");
  const shape = side === "input" ? /^topic:\S+$/u : /^(agent|role|topic):\S+$|^\*$/u;
  if (address !== undefined && !shape.test(address))
    refuse(
      agent,
      `the ${side} port "${name}"`,
      `cannot be joined to "${address}": use ${side === "input" ? "topic:NAME" : "agent:NAME, role:NAME, topic:NAME or *"}`,
    );
  if (ports.some((other) => other.name === name)) throw fail("builder.port_taken", { agent, port: name, side });
  return [...ports, port];
}

function refuse(agent: string, field: string, what: string): never {
  throw fail("builder.bad_value", { agent, field, what });
}
