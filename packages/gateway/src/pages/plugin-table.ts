import type { PluginInfo } from "@mofa/kernel";
import { html } from "hono/html";
import { act, type Column, duration, status, table } from "./bits.ts";
import type { Markup } from "./layout.ts";

/** Plugins with what an operator may do about them. */
export function pluginTable(plugins: readonly PluginInfo[]): Markup {
  return table({ caption: "Plugins in the order they were loaded", empty: "There are no plugins." }, PLUGINS, plugins);
}

const PLUGINS: readonly Column<PluginInfo>[] = [
  {
    head: "Plugin",
    cell: ({ name, reason }) => (reason === undefined ? name : html`${name}<span class="reason">${reason}</span>`),
  },
  { head: "Version", looks: "minor", cell: ({ version }) => version },
  { head: "Status", cell: (plugin) => status(plugin.status) },
  { head: "Set up in", looks: "minor number", cell: ({ ms }) => duration(ms) },
  { head: "", looks: "acts", cell: acts },
];

function acts({ name, version, status, rollbacks }: PluginInfo): Markup {
  const at = `/api/plugins/${encodeURIComponent(name)}`;
  const of = `the plugin ${name}`;
  const confirm = `Roll back ${of} from ${version} to the version before?`;
  const back = rollbacks === 0 ? "" : act({ label: "Roll back", to: `${at}/rollback`, of, confirm });
  const again =
    status === "quarantined" || status === "failed" ? act({ label: "Try again", to: `${at}/release`, of }) : "";
  return html`${again}${back}`;
}
