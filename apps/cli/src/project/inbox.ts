// The inbox: every text file becomes a run of the workflow, exactly once.
//
// 1. The run's id is made of the file's name, so a file seen again, after a restart or by another process, is no new run.
//    A ticket whose run failed is run anew, under the next number, when somebody saves its file again.
// 2. A file is read when it has not grown for a moment: a half-written ticket is not taken.
// 3. What cannot be taken is kept as a document `inbox/NAME` with the reason; the file itself is never touched.
import { createHash } from "node:crypto";
import { type FSWatcher, watch } from "node:fs";
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { type Engine, isMofaError, type Plugin, type PluginContext, type Run, toErrorJson } from "@mofa/sdk";
import { fail } from "../errors.ts";
import type { ProjectConfig } from "./config.ts";

export interface Inbox {
  readonly plugin: Plugin;
  /** The runs of tickets that were taken, by file name. */
  readonly runs: ReadonlyMap<string, Run>;
  /** Files that could not be taken, with the reason. */
  readonly refused: ReadonlyMap<string, string>;
}

export type InboxOptions = NonNullable<ProjectConfig["inbox"]> & { readonly path: string };

const SETTLE_MS = 100;

/** Watches a folder for tickets. */
export function watchInbox(options: InboxOptions): Inbox {
  const runs = new Map<string, Run>();
  const refused = new Map<string, string>();

  async function take(ctx: PluginContext, engine: Engine, file: string, saved: boolean): Promise<void> {
    const before = runs.get(file);
    if (before !== undefined && !(saved && (await hasFailed(before)))) return;
    try {
      const text = await readTicket(join(options.path, file), options.maxBytes);
      const workflow = ctx.get("workflow", options.workflow);
      const ticket = file.replace(/\.txt$/u, "");
      const last = await lastRun(engine, runIdOf(options.workflow, ticket));
      const id = last.failed && saved ? last.next : last.id;
      runs.set(file, await engine.start(workflow, { ticket, text }, { id }));
      refused.delete(file);
      ctx.emit("file.changed", { path: file, status: "taken" });
    } catch (error) {
      // A watcher also tells of files that are gone, and of a folder that ends with the plugin.
      if (ctx.signal.aborted || isGone(error)) return;
      // Only the ticket's own faults are the ticket's: a full disk is not, and the file is taken at the next start.
      if (!isMofaError(error) || !error.code.startsWith("ticket.")) throw error;
      const { code, message } = error;
      refused.set(file, message);
      ctx.log.warn(message);
      ctx.emit("file.changed", { path: file, status: "refused", reason: message });
      await ctx.find("store")?.put(`inbox/${file}`, { file, status: "refused", code, message });
    }
  }

  const plugin: Plugin = {
    name: "inbox",
    version: "0.1.0",
    needs: ["engine", "store", `workflow:${options.workflow}`],
    async setup(ctx) {
      const engine = ctx.find("engine") as Engine;
      const pending = new Map<string, () => void>();
      const soon = (file: string) => {
        pending.get(file)?.();
        const cancel = ctx.clock.after(SETTLE_MS, () => {
          pending.delete(file);
          take(ctx, engine, file, true).catch((error: unknown) => {
            ctx.log.error(`${file} could not be taken, and will be at the next start: ${toErrorJson(error).message}`);
          });
        });
        pending.set(file, cancel);
      };
      ctx.own(() => {
        for (const cancel of pending.values()) cancel();
      });
      ctx.own(openWatcher(options.path, (file) => soon(file)));
      for (const file of await ticketFiles(options.path)) await take(ctx, engine, file, false);
    },
  };
  return { plugin, runs, refused };
}

async function hasFailed(run: Run): Promise<boolean> {
  return ["failed", "cancelled", "dead"].includes(await run.status());
}

/** The newest run of a ticket (`ID`, `ID.2`, `ID.3` …), or the first one to be. */
async function lastRun(engine: Engine, first: string): Promise<{ id: string; failed: boolean; next: string }> {
  let id = first;
  for (let attempt = 2; ; attempt++) {
    const next = `${first}.${attempt}`;
    if ((await engine.open(next).status().catch(unlessUnknown)) === undefined) {
      return { id, failed: (await hasFailed(engine.open(id)).catch(unlessUnknown)) === true, next };
    }
    id = next;
  }
}

/** A run that does not exist has no status: undefined. */
function unlessUnknown(error: unknown): undefined {
  if (!isMofaError(error, "run.not_found")) throw error;
}

/** A run id made of the ticket's name alone: a name with characters that an id cannot have is told apart by a hash. */
function runIdOf(workflow: string, ticket: string): string {
  if (/^[\w.-]{1,60}$/u.test(ticket)) return `${workflow}:${ticket}`;
  const hash = createHash("sha256").update(ticket).digest("hex").slice(0, 16);
  return `${workflow}:${ticket.replace(/[^\w.-]+/gu, "-").slice(0, 40)}:${hash}`;
}

function openWatcher(folder: string, changed: (file: string) => void): () => void {
  let watcher: FSWatcher;
  try {
    watcher = watch(folder, (_, file) => {
      if (file !== null && isTicket(file)) changed(file);
    });
  } catch (cause) {
    throw fail("project.no_file", { what: "inbox folder", file: folder }, { cause });
  }
  return () => watcher.close();
}

async function ticketFiles(folder: string): Promise<readonly string[]> {
  return (await readdir(folder)).filter(isTicket).sort();
}

function isGone(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

function isTicket(file: string): boolean {
  return file.endsWith(".txt") && !file.startsWith(".");
}

async function readTicket(path: string, maxBytes: number): Promise<string> {
  const { size } = await stat(path);
  if (size > maxBytes) throw fail("ticket.too_large", { file: path, bytes: size, max: maxBytes });
  const bytes = await readFile(path);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (cause) {
    throw fail("ticket.not_text", { file: path, offset: firstBadByte(bytes) }, { cause });
  }
}

/** The offset at which UTF-8 ends: the longest prefix that decodes, found by halving. */
function firstBadByte(bytes: Uint8Array): number {
  let good = 0;
  let bad = bytes.length;
  while (bad - good > 1) {
    const middle = (good + bad) >> 1;
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(0, middle), { stream: true });
      good = middle;
    } catch {
      bad = middle;
    }
  }
  return good;
}
