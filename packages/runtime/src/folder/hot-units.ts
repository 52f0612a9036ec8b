// Things that come from files and follow them: what a file brings stays until the next version of it is in place.
//
// 1. A version that cannot be read, checked, loaded or set up changes nothing; it is tried again when its file changes.
// 2. The same content is not loaded twice in a row, however often the file is written.
// 3. A name belongs to one file. A file that was renamed takes over what it brought under its old name.
import { type Clock, type Log, type PluginContext, toErrorJson } from "@mofa/kernel";
import { fail } from "../errors.ts";
import { createFollower, type Follower } from "./follow.ts";

/** Something that one file, or one folder, brings. */
export interface HotUnit {
  readonly id: string;
  /** Where it is, for people. */
  readonly path: string;
  /** Changes whenever the files may have changed. */
  readonly mark: string;
  /** Reads and checks it; undefined when it is being written. */
  prepare(): Promise<PreparedUnit | undefined>;
}

interface PreparedUnit {
  readonly digest: string;
  readonly signedBy?: string | undefined;
  load(): Promise<LoadedUnit>;
}

export interface LoadedUnit {
  readonly name: string;
  readonly version?: string;
  /** Puts it in place of what the file brought before, and gives what takes it back. */
  place(before: Placed | undefined): Promise<TakeBack>;
}

type TakeBack = () => void | Promise<void>;

export interface Placed {
  readonly name: string;
  readonly takeBack: TakeBack;
}

/** What became of a file. */
export interface HotUnitInfo {
  readonly path: string;
  readonly status: "loaded" | "failed";
  /** What it brings, or goes on bringing after a version that failed. */
  readonly name?: string;
  readonly version?: string;
  readonly digest?: string;
  /** The key that signed what it brings. */
  readonly signedBy?: string;
  /** Why the newest version of the file is not used. */
  readonly reason?: string;
  readonly code?: string;
}

export interface HotUnitsOptions {
  /** What the files bring, for people: `plugin`. */
  readonly what: string;
  readonly clock: Clock;
  readonly log: Log;
  readonly debounce?: number | undefined;
  readonly emit: PluginContext["emit"];
  find(): Promise<{ readonly units: readonly HotUnit[]; readonly folders: readonly string[] }>;
}

export interface HotUnits extends Follower {
  list(): readonly HotUnitInfo[];
  /** What the files that failed were refused with. */
  failures(): readonly unknown[];
  /** Takes back all that the files brought, the last first. */
  takeAllBack(): Promise<void>;
}

interface State {
  readonly path: string;
  readonly mark: string | undefined;
  readonly placed:
    | (Placed & {
        readonly version?: string | undefined;
        readonly digest: string;
        readonly signedBy?: string | undefined;
      })
    | undefined;
  readonly failure: { readonly error: unknown; readonly reason: string; readonly code: string } | undefined;
}

const DEBOUNCE = 100;

/** Makes the things of a folder follow their files; nothing is there before the first look. */
export function createHotUnits(options: HotUnitsOptions): HotUnits {
  const { what, log, emit, clock } = options;
  const states = new Map<string, State>();
  let stopped = false;
  const follower = createFollower({ clock, log, debounce: options.debounce ?? DEBOUNCE, look });

  async function look() {
    const { units, folders } = await options.find();
    const there = new Set(units.map(({ id }) => id));
    let again = false;
    for (const unit of units) {
      if (stopped) break;
      if (states.get(unit.id)?.mark !== unit.mark) again = (await bring(unit, there)) || again;
    }
    for (const id of [...states.keys()]) if (!stopped && !there.has(id)) await remove(id);
    return { folders, again };
  }

  /** Says whether the unit is being written, so that it must be looked at again. */
  async function bring(unit: HotUnit, there: ReadonlySet<string>): Promise<boolean> {
    const { id, path, mark } = unit;
    const before = states.get(id);
    try {
      const prepared = await unit.prepare();
      if (prepared === undefined) return true;
      if (before?.placed?.digest === prepared.digest) {
        // The same content may have been signed since.
        const placed = { ...before.placed, signedBy: prepared.signedBy };
        states.set(id, { path, mark, placed, failure: undefined });
        if (before.failure !== undefined) emit("file.changed", { path, status: "loaded" });
        return false;
      }
      await put(unit, prepared, there);
      emit("file.changed", { path, status: "loaded" });
    } catch (error) {
      // What is cut short by the end is no failure of the file.
      if (!stopped) failed(unit, error);
    }
    return false;
  }

  async function put({ id, path, mark }: HotUnit, prepared: PreparedUnit, there: ReadonlySet<string>): Promise<void> {
    const loaded = await prepared.load();
    const { name, version } = loaded;
    const owner = [...states].find(([each, { placed }]) => each !== id && placed?.name === name);
    if (owner !== undefined && there.has(owner[0])) {
      throw fail("folder.name_taken", { what, name, file: path, other: owner[1].path });
    }
    // Its file was renamed: it goes on under the new one.
    const heir = owner?.[1].placed;
    const before = states.get(id)?.placed;
    const takeBack = await loaded.place(heir ?? before);
    if (owner !== undefined) states.delete(owner[0]);
    if (heir !== undefined) await before?.takeBack();
    const { digest, signedBy } = prepared;
    states.set(id, { path, mark, placed: { name, version, digest, signedBy, takeBack }, failure: undefined });
  }

  function failed({ id, path, mark }: HotUnit, error: unknown): void {
    const { message: reason, code } = toErrorJson(error);
    const placed = states.get(id)?.placed;
    states.set(id, { path, mark, placed, failure: { error, reason, code } });
    log.error(
      `The ${what} of ${path} was not loaded${placed === undefined ? "" : "; the version before it stays"}: ${reason}`,
      { code },
    );
    emit("file.changed", { path, status: "failed", reason });
  }

  async function remove(id: string): Promise<void> {
    const state = states.get(id);
    states.delete(id);
    try {
      await state?.placed?.takeBack();
    } catch (error) {
      log.error(`The ${what} of ${state?.path} did not end well: ${toErrorJson(error).message}`);
    }
    if (state !== undefined) emit("file.changed", { path: state.path, status: "removed" });
  }

  const close = () => {
    stopped = true;
    follower.close();
  };
  return {
    look: follower.look,
    close,
    list: () => [...states.values()].map(toInfo),
    failures: () => [...states.values()].flatMap(({ failure }) => (failure === undefined ? [] : [failure.error])),
    async takeAllBack() {
      for (const id of [...states.keys()].reverse()) await remove(id);
    },
    async [Symbol.asyncDispose]() {
      close();
      await follower[Symbol.asyncDispose]();
    },
  };
}

function toInfo({ path, placed, failure }: State): HotUnitInfo {
  return {
    path,
    status: failure === undefined ? "loaded" : "failed",
    ...(placed === undefined ? {} : { name: placed.name, digest: placed.digest }),
    ...(placed?.version === undefined ? {} : { version: placed.version }),
    ...(placed?.signedBy === undefined ? {} : { signedBy: placed.signedBy }),
    ...(failure === undefined ? {} : { reason: failure.reason, code: failure.code }),
  };
}
