import type { AnyAction } from "../src/action.ts";
import type { Plugin, PluginContext, PluginState } from "../src/plugin.ts";

// biome-ignore lint/suspicious/noConfusingVoidType: the same as in the contract.
export type Setup = (ctx: PluginContext) => PluginState | void | Promise<PluginState | void>;
/** A plugin of version 1.0.0, or what `more` says. */
export const plugin = (name: string, setup: Setup = () => {}, more: Partial<Plugin> = {}): Plugin => ({
  name,
  version: "1.0.0",
  setup,
  ...more,
});
/** A tool that answers with its name. */
export const tool = (name: string, run: AnyAction["run"] = () => name) => ({ kind: "tool", name, run }) as const;
/** `name version status reason` of each plugin. */
export const statuses = (kernel: {
  plugins(): readonly { name: string; status: string; version: string; reason?: string }[];
}) =>
  kernel
    .plugins()
    .filter(({ name }) => name !== "in-memory")
    .map(({ name, status, version, reason }) => [name, version, status, reason].filter(Boolean).join(" "));
