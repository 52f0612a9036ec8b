// A folder of plugins that a kernel follows: a new file is plugged, a changed one replaces its last version, a file
// that goes takes its plugin along.
//
// 1. What runs is what was read and checked, in one piece; the disk is not asked again.
// 2. A version that is wrong in any way changes nothing: the one before goes on, and the reason is told.
// 3. Old versions are let go: nothing but the kernel's own `rollback` keeps one.
// 4. When the folder is closed its plugins are unplugged; when the kernel ends, it ends them itself.
import { resolve } from "node:path";
import * as kernelModule from "@mofa/kernel";
import { type Clock, definePlugin, type JsonObject, type Plugin, type PluginContext, toErrorJson } from "@mofa/kernel";
import type { Kernel } from "@mofa/kernel/host";
import { fail } from "../errors.ts";
import { createHotUnits, type HotUnitInfo, type LoadedUnit, type Placed } from "../folder/hot-units.ts";
import { isGone } from "../folder/list.ts";
import type { Namespace } from "../modules/hot-modules.ts";
import { type Candidate, findCandidates, type ReadPlugin } from "./candidates.ts";
import { evaluateWithin } from "./evaluate-within.ts";
import type { Permits } from "./permits.ts";
import { type Trust, toPublicKey } from "./signature.ts";

export interface PluginFolderOptions {
  readonly folder: string;
  /** What the folder is called among the kernel's plugins. Default `plugin-folder`. */
  readonly name?: string;
  /** What factories get, by the name of the file without its ending, or of the plugin's folder. */
  readonly options?: Readonly<Record<string, JsonObject>>;
  /** Whose plugins run. Default: everybody's. */
  readonly trust?: Trust;
  /** Permissions to fill from the manifests; give its `permit` to the kernel. */
  readonly permits?: Permits;
  /** Packages that plugins get as they are, by specifier; `@mofa/kernel` is always among them. */
  readonly shared?: Readonly<Record<string, Namespace>>;
  /** Milliseconds without a change before it is looked at. Default 100. */
  readonly debounce?: number;
  /** Milliseconds that a module may take to load. Default 10,000. */
  readonly timeout?: number;
  /** Default: the kernel's clock. */
  readonly clock?: Clock;
}

/** A folder of plugins at work. Ends with the kernel, or before. */
export interface PluginFolder extends AsyncDisposable {
  /** Looks at the folder now, without waiting for its changes to be noticed. */
  look(): Promise<void>;
  /** What became of each file. */
  list(): readonly HotUnitInfo[];
}

const TIMEOUT = 10_000;

/** Loads the plugins of a folder into a kernel, and follows the folder. A plugin that is wrong stops no other. */
export async function pluginFolder(kernel: Kernel, options: PluginFolderOptions): Promise<PluginFolder> {
  const { trust = {}, clock = kernel.clock, name = "plugin-folder" } = options;
  for (const [id, key] of Object.entries(trust.keys ?? {})) toPublicKey(id, key);
  const folder = resolve(options.folder);
  const shared = { "@mofa/kernel": kernelModule as unknown as Namespace, ...options.shared };
  const hashes = new Map<string, ReadonlyMap<string, string>>();
  const closing = new AbortController();
  let looked = false;
  const { ctx, plugin } = standIn(name);
  await kernel.plug(plugin);

  const units = createHotUnits({
    what: "plugin",
    clock,
    log: ctx().log,
    debounce: options.debounce,
    emit: ctx().emit,
    find,
  });

  async function find() {
    const { units, folders } = await findThere();
    const ids = new Set(units.map(({ id }) => id));
    for (const id of hashes.keys()) if (!ids.has(id)) hashes.delete(id);
    looked = true;
    return { folders, units: units.map(toUnit) };
  }

  /** At the start the folder must be there; one that goes later has no plugins, until it is back. */
  async function findThere(): ReturnType<typeof findCandidates> {
    try {
      return await findCandidates({ folder, trust, shared, before: (id) => hashes.get(id) });
    } catch (error) {
      if (!looked || !isGone((error as Error).cause)) throw error;
      return { units: [], folders: [folder] };
    }
  }

  function toUnit(candidate: Candidate) {
    return {
      ...candidate,
      async prepare() {
        const read = await candidate.read();
        return read === undefined ? undefined : { ...read, load: () => load(candidate, read) };
      },
    };
  }

  async function load({ id, path }: Candidate, read: ReadPlugin): Promise<LoadedUnit> {
    const { timeout = TIMEOUT } = options;
    const given = options.options?.[id.replace(/\.\w+$/u, "")] ?? options.options?.[id];
    const { signal } = closing;
    const made = evaluateWithin({ clock, ms: timeout, file: path, signal }, async () =>
      toPlugin(path, (await read.modules.evaluate())["plugin"], given),
    );
    const next = withManifest(path, await made, read);
    return {
      name: next.name,
      version: next.version,
      async place(before) {
        const takeBack = await place(next, before, read);
        hashes.set(id, read.hashes);
        return async () => {
          hashes.delete(id);
          await takeBack();
        };
      },
    };
  }

  async function place(next: Plugin, before: Placed | undefined, { manifest }: ReadPlugin) {
    const settle = manifest === undefined ? undefined : options.permits?.declare(next.name, manifest.permissions);
    const there = kernel.plugins().some((each) => each.name === next.name);
    const replaces = there && before?.name === next.name;
    try {
      await (replaces ? kernel.replace(next) : kernel.plug(next));
    } catch (error) {
      settle?.(false);
      throw error;
    }
    if (manifest === undefined) options.permits?.forget(next.name);
    settle?.(true);
    if (!replaces) await before?.takeBack();
    return () => remove(next.name);
  }

  async function remove(plugin: string): Promise<void> {
    // Somebody may have taken it out by hand.
    if (kernel.plugins().some((each) => each.name === plugin)) await kernel.unplug(plugin);
    options.permits?.forget(plugin);
  }

  // Whoever unplugs the stand-in stops the watching; waiting here for a look would wait for this very change.
  ctx().own(close);
  function close(): void {
    closing.abort();
    units.close();
  }
  let ending: Promise<void> | undefined;
  async function end(): Promise<void> {
    close();
    await units[Symbol.asyncDispose]();
    if (kernel.signal.aborted) return;
    await units.takeAllBack();
    await remove(name);
  }
  const made: PluginFolder = {
    look: units.look,
    list: units.list,
    [Symbol.asyncDispose]() {
      ending ??= end();
      return ending;
    },
  };
  kernel.own(made);
  try {
    await units.look();
  } catch (error) {
    await made[Symbol.asyncDispose]();
    throw error;
  }
  return made;
}

/** The folder's own place among the plugins: what it logs and tells comes from there. */
function standIn(name: string): { readonly plugin: Plugin; ctx(): PluginContext } {
  let held: PluginContext | undefined;
  const plugin = definePlugin({
    name,
    version: "0.1.0",
    setup(ctx) {
      held = ctx;
    },
  });
  return { plugin: plugin(), ctx: () => held as PluginContext };
}

async function toPlugin(file: string, exported: unknown, given: JsonObject | undefined): Promise<Plugin> {
  const wrong = (problem: string) =>
    fail("module.wrong_export", {
      file,
      name: "plugin",
      problem,
      example: "export const plugin = definePlugin({ … });",
    });
  if (exported === undefined) throw wrong("it is missing");
  let made: unknown;
  try {
    made = typeof exported === "function" ? await exported(given) : exported;
  } catch (cause) {
    throw fail("module.threw", { file, reason: toErrorJson(cause).message }, { cause });
  }
  const { name, version, setup } = (made ?? {}) as Partial<Plugin>;
  if (typeof name !== "string" || name === "") throw wrong("it has no name");
  if (typeof version !== "string") throw wrong(`"${name}" has no version`);
  if (typeof setup !== "function") throw wrong(`"${name}" has no function "setup"`);
  return made as Plugin;
}

/** The manifest and the plugin must say the same; what the manifest needs, the plugin needs. */
function withManifest(path: string, plugin: Plugin, { manifest }: ReadPlugin): Plugin {
  if (manifest === undefined) return plugin;
  for (const what of ["name", "version"] as const) {
    if (manifest[what] === plugin[what]) continue;
    throw fail("manifest.differs", { file: path, what, declared: manifest[what], found: plugin[what] });
  }
  const needs = [...new Set([...(plugin.needs ?? []), ...manifest.needs])];
  // Made from the plugin rather than copied: its set-up may be a method that expects its own object.
  return Object.create(plugin, { needs: { value: needs, enumerable: true } }) as Plugin;
}
