// A folder of workflow files, served as they are on disk.
//
// 1. A file that cannot be read or is wrong changes nothing: what it held before goes on serving.
// 2. A new version is provided before the old one is taken back, so there is always one.
// 3. Runs in flight keep the definition they began with (see graph/action.ts).
import { type FSWatcher, watch } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { type PluginContext, toErrorJson } from "@mofa/kernel";
import { fail } from "./errors.ts";
import { versionOf, workflowAction } from "./graph/action.ts";
import type { WorkflowDefinition } from "./graph/definition.ts";
import { parseWorkflow } from "./graph/parse.ts";

interface Served {
  readonly name: string;
  readonly version: string;
  readonly takeBack: () => void;
}

const ENDINGS = new Set([".yaml", ".yml", ".json"]);
const DEBOUNCE_MS = 100;
const MAX_BYTES = 1_048_576;

/** Provides the workflows of a folder and follows its changes until the plugin ends. */
export async function serveFolder(ctx: PluginContext, folder: string): Promise<void> {
  const served = new Map<string, Served>();
  /** What was last said about a file that cannot be used, so that it is said once. */
  const failing = new Map<string, string>();
  let reading: Promise<void> = Promise.resolve();
  let known = false;

  async function readAll(): Promise<void> {
    const names = (await readdir(folder)).filter((name) => ENDINGS.has(extname(name))).sort();
    for (const file of [...served.keys()].filter((each) => !names.includes(each))) remove(file);
    for (const name of names) await read(name);
    known = true;
  }

  async function read(file: string): Promise<void> {
    const path = join(folder, file);
    try {
      const { size } = await stat(path);
      if (size > MAX_BYTES) throw fail("workflow.too_large", { file: path, bytes: size, most: MAX_BYTES });
      // While plugins are still being loaded, a node kind may yet come; it is checked again when a run starts.
      const kinds = known ? { kinds: ctx.list("node") } : {};
      serve(file, parseWorkflow(await readFile(path, "utf8"), { file: path, ...kinds }));
      failing.delete(file);
    } catch (error) {
      const reason = toErrorJson(error).message;
      if (failing.get(file) === reason) return;
      failing.set(file, reason);
      ctx.log.error(`A workflow file is not used${served.has(file) ? "; its last good version stays" : ""}: ${reason}`);
      ctx.emit("file.changed", { path, status: "failed", reason });
    }
  }

  function serve(file: string, definition: WorkflowDefinition): void {
    const { name } = definition;
    const before = served.get(file);
    const version = versionOf(definition);
    if (before?.version === version) return;
    const other = [...served].find(([each, { name: taken }]) => each !== file && taken === name)?.[0];
    if (other !== undefined) throw fail("workflow.twice", { name, file, other });
    served.set(file, { name, version, takeBack: ctx.provide("workflow", workflowAction(definition)) });
    before?.takeBack();
    ctx.emit("file.changed", { path: join(folder, file), status: "loaded" });
  }

  function remove(file: string): void {
    served.get(file)?.takeBack();
    served.delete(file);
    ctx.emit("file.changed", { path: join(folder, file), status: "removed" });
  }

  function readAgain(): void {
    reading = reading.then(readAll).catch((error: unknown) => {
      ctx.log.error(`The workflow folder ${folder} could not be read again: ${toErrorJson(error).message}`);
    });
  }

  // Watched before it is read: what changes in between is seen.
  const watcher = follow(ctx, folder, readAgain);
  watcher.on("error", (error) => ctx.log.error(`The workflow folder ${folder} is watched no more: ${error.message}`));
  await readAll();
  ctx.own(() => reading);
}

/** Calls back when the folder has changed and been quiet for a moment. */
function follow(ctx: PluginContext, folder: string, changed: () => void): FSWatcher {
  let cancel = () => {};
  ctx.own(() => cancel());
  try {
    const watcher = watch(folder, () => {
      cancel();
      cancel = ctx.clock.after(DEBOUNCE_MS, changed);
    });
    ctx.own(() => watcher.close());
    return watcher;
  } catch (cause) {
    throw fail("workflow.folder_missing", { folder, reason: toErrorJson(cause).message }, { cause });
  }
}
