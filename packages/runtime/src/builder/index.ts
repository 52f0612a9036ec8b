export {
  type AgentBuilder,
  type AgentShape,
  agentBuilder,
  type BlankShape,
  type InputOptions,
  type OutputOptions,
  type With,
} from "./agent-builder.ts";
export type { BuiltAgent, InstalledAgent } from "./built-agent.ts";
export type { PortInput, PortValue } from "./port.ts";
export type { PlugHost } from "./settings.ts";
