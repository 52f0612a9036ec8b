import type { Plugin } from "@mofa/kernel";
import type { PlugHost } from "./settings.ts";

/** Plugs all that is not there yet, in order; the returned function takes that away again, last first. All or nothing. */
export async function installPlugins(kernel: PlugHost, plugins: readonly Plugin[]): Promise<() => Promise<void>> {
  const plugged: string[] = [];
  const takeAway = async () => {
    for (let name = plugged.pop(); name !== undefined; name = plugged.pop()) await kernel.unplug(name);
  };
  try {
    for (const plugin of plugins) {
      // Another version of that name is not the same: to plug it is refused, with the reason.
      const there = kernel.plugins().some(({ name, version }) => name === plugin.name && version === plugin.version);
      if (there && plugin !== plugins.at(-1)) continue;
      await kernel.plug(plugin);
      plugged.push(plugin.name);
    }
  } catch (error) {
    await takeAway();
    throw error;
  }
  return takeAway;
}
