import { monitorEventLoopDelay } from "node:perf_hooks";

/** How late the event loop is, in milliseconds, since the last look began. */
export interface LoopDelay extends Disposable {
  /** Of a hundred turns, the second latest. */
  usual(): number;
  /** The longest that it stood still. */
  longest(): number;
  /** Begins a new look. */
  reset(): void;
}

const RESOLUTION = 20;
const NANOSECONDS = 1e6;

/** Measures the event loop of this process until disposed. */
export function measureLoopDelay(): LoopDelay {
  const histogram = monitorEventLoopDelay({ resolution: RESOLUTION });
  histogram.enable();
  // What it counts is the time between two ticks of its own timer; that time is no delay.
  const late = (ns: number) => Math.max(0, ns / NANOSECONDS - RESOLUTION);
  const counted = (ns: number) => (histogram.count === 0 ? 0 : late(ns));
  return {
    usual: () => counted(histogram.percentile(99)),
    longest: () => counted(histogram.max),
    reset: () => histogram.reset(),
    [Symbol.dispose]: () => void histogram.disable(),
  };
}
