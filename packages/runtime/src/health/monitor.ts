// Looks at everything again and again, and remembers what it saw.
//
// 1. One round at a time: who asks for one while it goes on gets that one.
// 2. A look that does not answer in time has failed, and its signal has fired; a round ends whatever its looks do.
// 3. While something is wrong, rounds follow each other quickly: a suspicion is soon confirmed or dropped.
// 4. Ended, there is no timer, and looks that go on are told to stop.
import { type Clock, type Health, type HealthCheck, type HealthReport, type Log, toErrorJson } from "@mofa/kernel";
import { fail } from "../errors.ts";
import { BAD_LOOKS, type Look, type Memory, remember, type Sight } from "./look.ts";

export interface MonitorOptions {
  readonly looks: readonly Look[];
  readonly every: number;
  readonly patience: number;
  readonly clock: Clock;
  readonly log: Log;
  /** Hears that a round is over. */
  readonly looked?: () => void;
}

export interface Monitor extends Health {
  end(): void;
}

const SOON = 1000;

/** Begins to look, the first time as soon as what is going on now is done. */
export function createMonitor({ looks, every, patience, clock, log, looked }: MonitorOptions): Monitor {
  const records = new Map<string, Memory>();
  const stop = new AbortController();
  const begun = clock.now();
  let last = begun;
  let round: Promise<void> | undefined;
  let clear = clock.after(0, rounds);

  function rounds(): void {
    void check().then(() => {
      if (stop.signal.aborted) return;
      const wrong = [...records.values()].some(({ bad }) => bad > 0);
      clear = clock.after(wrong ? Math.min(every, SOON) : every, rounds);
    });
  }

  function check(): Promise<void> {
    round ??= Promise.all(looks.map(look)).then(() => {
      last = clock.now();
      round = undefined;
      looked?.();
    });
    return round;
  }

  async function look({ name, live = false, see }: Look): Promise<void> {
    const sight = await seeInTime(name, see);
    // What was told to stop says nothing of what it looked at.
    if (stop.signal.aborted) return;
    const before = records.get(name);
    const after = remember(before, { name, live, sight, at: clock.now() });
    records.set(name, after);
    tell(before?.bad ?? 0, after);
  }

  /** What a look sees; one that throws, or never answers, has seen something wrong. */
  function seeInTime(name: string, see: Look["see"]): Promise<Sight> {
    const late = new AbortController();
    const follow = () => late.abort(stop.signal.reason);
    stop.signal.addEventListener("abort", follow, { once: true });
    return new Promise<Sight>((resolve) => {
      const clearLate = clock.after(patience, () => {
        late.abort(fail("health.timed_out", { check: name, ms: patience }, { stack: false }));
      });
      const wrong = (error: unknown) => resolve({ wrong: toErrorJson(error).message });
      late.signal.addEventListener("abort", () => wrong(late.signal.reason), { once: true });
      void Promise.resolve()
        .then(() => see(late.signal))
        .then(resolve, wrong)
        .finally(clearLate);
    }).finally(() => stop.signal.removeEventListener("abort", follow));
  }

  /** Said once it is sure: while a process starts, much is not there yet. */
  function tell(bad: number, { check, bad: now }: Memory): void {
    if (now === BAD_LOOKS) log.warn(`not well: ${check.name}: ${check.detail}`);
    if (now === 0 && bad >= BAD_LOOKS) log.info(`well again: ${check.name}`);
  }

  /** The looks themselves: when they stop, what they last saw means nothing. */
  function looking(): HealthCheck {
    const at = clock.now();
    const silent = at - last;
    const stalled = silent > 3 * every + patience;
    const name = "checks";
    if (stalled) return { name, status: "failed", detail: `Nothing was looked at for ${silent} ms.`, at };
    return { name, status: "ok", detail: "", at };
  }

  function report(checks: readonly HealthCheck[]): HealthReport {
    return { status: checks.some(({ status }) => status === "failed") ? "failed" : "ok", checks };
  }

  const seen = (wanted: readonly Look[]) => wanted.flatMap(({ name }) => records.get(name)?.check ?? []);
  const notYet: HealthCheck = { name: "checks", status: "failed", detail: "Nothing was looked at yet.", at: begun };
  const monitor: Monitor = {
    name: "health",
    live: () => report([looking(), ...seen(looks.filter(({ live }) => live === true))]),
    ready: () => report([records.size === 0 ? notYet : looking(), ...seen(looks)]),
    async check() {
      await check();
      return monitor.ready();
    },
    end() {
      clear();
      stop.abort();
    },
  };
  return monitor;
}
