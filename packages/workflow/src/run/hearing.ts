// Signals that runs of this process wait for, and those that came early.
//
// 1. Of one name, what came first is heard first, by whoever waited first.
// 2. A signal is taken in together with the row that says who heard it.
// 3. What has come is read once when a run begins to listen, and whenever something new has come for it.
import {
  type Clock,
  type Heard,
  type HearOptions,
  type Journal,
  type Json,
  type SignalRecord,
  toJson,
} from "@mofa/kernel";
import { fail } from "../errors.ts";
import type { StepFrame } from "./frame.ts";
import { short } from "./identity.ts";
import { saidId, TOPIC } from "./listening.ts";
import type { RunLog } from "./run-log.ts";

export interface HearingOptions {
  readonly journal: Journal;
  readonly clock: Clock;
  /** Hears of a pattern of topics that a run listens to from now on. */
  listened(pattern: string): void;
}

export interface Hearing {
  hear(frame: StepFrame, name: string, options: HearOptions): Promise<Heard | undefined>;
  /** Looks for what has come for a run. */
  look(log: RunLog): Promise<void>;
}

interface Listener {
  readonly name: string;
  give(signal: SignalRecord): void;
}

/** What one run has heard of in this life. */
interface Ears {
  /** Resolves when what had come before is known. */
  loaded: Promise<void>;
  early: readonly SignalRecord[];
  readonly taken: Set<string>;
  readonly listeners: Set<Listener>;
  /** Patterns that earlier lives listen to already. */
  readonly known: ReadonlySet<string>;
  /** Those that this life listens to: resolved when that is kept. */
  readonly patterns: Map<string, Promise<void>>;
}

const LISTEN = "listen";

export function createHearing({ journal, clock, listened }: HearingOptions): Hearing {
  const ears = new WeakMap<RunLog, Ears>();

  function earsOf(log: RunLog): Ears {
    const known = ears.get(log);
    if (known !== undefined) return known;
    const made: Ears = {
      loaded: Promise.resolve(),
      early: [],
      taken: new Set(),
      listeners: new Set(),
      known: new Set(log.keptOf(LISTEN).map(({ body }) => String(body))),
      patterns: new Map(),
    };
    ears.set(log, made);
    // A failure closes the log, which ends every wait.
    made.loaded = log.query(() => look(log)).catch(() => {});
    return made;
  }

  async function look(log: RunLog): Promise<void> {
    const own = ears.get(log);
    if (own === undefined) return;
    const signals = await journal.signals(log.run);
    own.early = signals.filter(({ id }) => !own.taken.has(id));
    for (const listener of own.listeners) {
      const signal = takeEarly(own, listener.name);
      if (signal !== undefined) listener.give(signal);
    }
  }

  /** Keeps that the run listens, once for each pattern. Who asks later waits for it too, and so behind who asked first. */
  function listen(frame: StepFrame, key: string, pattern: string): Promise<void> {
    const { known, patterns } = earsOf(frame.log);
    const begun = patterns.get(pattern);
    if (begun !== undefined) return begun;
    const row = frame.row({ key, type: "value", kind: LISTEN, name: pattern.slice(0, 100), body: pattern });
    const kept = known.has(pattern)
      ? Promise.resolve()
      : frame.log.append({ rows: [row], listens: [{ key, topic: pattern }] });
    const listening = kept.then(() => listened(pattern));
    patterns.set(pattern, listening);
    return listening;
  }

  async function waitFor(frame: StepFrame, name: string, until: number | undefined): Promise<SignalRecord | undefined> {
    const own = earsOf(frame.log);
    await own.loaded;
    let found = takeEarly(own, name);
    if (found !== undefined) return found;
    await frame.wait({ until }, (wake) => {
      const disarm = () => {
        timer?.();
        own.listeners.delete(listener);
      };
      const over = () => {
        disarm();
        wake();
      };
      const timer = until === undefined ? undefined : clock.after(Math.max(0, until - clock.now()), over);
      const listener: Listener = {
        name,
        give(signal) {
          found = signal;
          over();
        },
      };
      own.listeners.add(listener);
      return disarm;
    });
    return found;
  }

  return {
    look,
    async hear(frame, name, { timeout }) {
      checkWish(name, timeout);
      // All places are taken before the first wait, in the order of the calls.
      const identity = short(name);
      const key = frame.place(`hear:${identity}`);
      const wish = name.startsWith(TOPIC) ? frame.place(`${LISTEN}:${identity}`) : undefined;
      const limit = timeout === undefined ? undefined : frame.later(timeout, `until:${identity}:${timeout}`);
      if (wish !== undefined) frame.log.take(wish);
      const kept = frame.log.take(key);
      const until = await limit;
      if (kept !== undefined) return toHeard(kept.body);
      await frame.log.ready();
      if (wish !== undefined) await listen(frame, wish, name.slice(TOPIC.length));
      const signal = await waitFor(frame, name, until);
      const body = signal === undefined ? {} : { body: toJson(plain(signal)) };
      const row = frame.row({ key, type: "signal", kind: "signal", name: name.slice(0, 100), ...body });
      await frame.log.append({ rows: [row], ...(signal !== undefined && { consumed: [signal.id] }) });
      return toHeard(row.body);
    },
  };
}

function checkWish(name: string, timeout: number | undefined): void {
  if (typeof name !== "string" || name === "" || name === TOPIC)
    throw fail("signal.bad", { name, problem: "it has no name." });
  if (timeout !== undefined && !(timeout >= 0))
    throw fail("signal.bad", { name, problem: "its timeout is not a number of milliseconds." });
}

function takeEarly(own: Ears, name: string): SignalRecord | undefined {
  const signal = own.early.find((early) => early.name === name);
  if (signal === undefined) return undefined;
  own.early = own.early.filter((early) => early !== signal);
  own.taken.add(signal.id);
  return signal;
}

function plain(signal: SignalRecord): Heard {
  const { name, body, at } = signal;
  return { id: saidId(signal), name, body, at };
}

/** What `plain` made, read back. */
function toHeard(body: Json | undefined): Heard | undefined {
  return body as unknown as Heard | undefined;
}
