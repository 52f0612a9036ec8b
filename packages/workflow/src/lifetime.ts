import type { PluginContext } from "@mofa/kernel";

const QUIET_MS = 50;

export interface Lifetime {
  /** Called once when no plugin is being set up any more: a run taken up before its tools are there would fail for nothing. */
  settled(): void;
  /** Called when this plugin begins to stop, before anything that it brought is taken back. */
  stopping(): void;
}

/** Follows the loading of plugins, other ones and this one. */
export function followPlugins(ctx: PluginContext, { settled, stopping }: Lifetime): void {
  const starting = new Set<string>();
  let cancel = () => {};
  let called = false;
  const ready = () => {
    if (called || starting.size > 0) return;
    called = true;
    settled();
  };
  const rearm = () => {
    cancel();
    if (!called) cancel = ctx.clock.after(QUIET_MS, ready);
  };
  ctx.watch({ type: "plugin.changed" }, (event) => {
    if (event.type !== "plugin.changed") return;
    if (event.name === ctx.name && event.status === "stopping") return stopping();
    if (event.status === "starting") starting.add(event.name);
    else starting.delete(event.name);
    rearm();
  });
  ctx.own(() => cancel());
  rearm();
}
