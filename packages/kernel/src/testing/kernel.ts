import { fail } from "../errors.ts";
import type { Event } from "../event.ts";
import { inMemory } from "../host/in-memory.ts";
import { createKernel, type Kernel } from "../host/kernel.ts";
import type { LogEntry } from "../log.ts";
import type { Plugin } from "../plugin.ts";
import { type FakeClock, fakeClock } from "./clock.ts";
import { countedIds } from "./ids.ts";

export interface TestKernel extends Kernel {
  readonly clock: FakeClock;
  /** Everything that was logged. */
  readonly logged: readonly LogEntry[];
}

/**
 * A kernel for tests: a clock that stands still, counted ids, the in-memory stores, frozen events,
 * and a guard that fails the test when a call, a watcher or a timer is left behind.
 */
export async function testKernel(...plugins: readonly Plugin[]): Promise<TestKernel> {
  const clock = fakeClock();
  const logged: LogEntry[] = [];
  const kernel = await createKernel({
    clock,
    ids: countedIds(),
    log: (entry) => void logged.push(entry),
    plugins: [inMemory(), ...plugins],
    control: plugins.map((plugin) => plugin.name),
  });
  const unfreeze = kernel.watch({}, (event: Event) => void Object.freeze(event));
  const end = async () => {
    unfreeze();
    await kernel.end();
    const { calls, watchers } = kernel.counts();
    const left = { "calls in flight": calls, watchers, timers: clock.pending };
    const what = Object.entries(left).filter(([, count]) => count > 0);
    if (what.length > 0)
      throw fail("testing.leak", { what: what.map(([name, count]) => `${count} ${name}`).join(", ") });
  };
  // A getter must stay one: spreading would read the signal once.
  return Object.defineProperties({} as TestKernel, {
    ...Object.getOwnPropertyDescriptors(kernel),
    clock: { value: clock },
    logged: { value: logged },
    end: { value: end },
    [Symbol.asyncDispose]: { value: end },
  });
}
