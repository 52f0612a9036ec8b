import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** What the process uses at one moment, after its garbage was collected. */
export interface Sample {
  /** Seconds since the beginning. */
  readonly at: number;
  /** MiB. */
  readonly heap: number;
  /** MiB. */
  readonly rss: number;
  readonly files: number;
  readonly children: number;
}

const MIB = 1024 * 1024;

export function takeSample(at: number): Sample {
  const collect = globalThis.gc as () => void;
  for (let round = 0; round < 3; round++) collect();
  const { heapUsed, rss } = process.memoryUsage();
  return { at, heap: heapUsed / MIB, rss: rss / MIB, files: countFiles(), children: children().length };
}

/** By how much the heap grew from the first sample to the last, by the line that fits all of them best. */
export function growth(samples: readonly Sample[]): number {
  const [first, last] = [samples[0], samples.at(-1)];
  if (first === undefined || last === undefined || samples.length < 2) return 0;
  const mean = (of: (sample: Sample) => number) => samples.reduce((sum, one) => sum + of(one), 0) / samples.length;
  const [at, heap] = [mean((one) => one.at), mean((one) => one.heap)];
  const slope =
    mean((one) => (one.at - at) * (one.heap - heap)) / (mean((one) => (one.at - at) ** 2) || Number.POSITIVE_INFINITY);
  return slope * (last.at - first.at);
}

/** The processes that this one started and that are there. */
export function children(): readonly string[] {
  const path = `/proc/self/task/${process.pid}/children`;
  try {
    return readFileSync(path, "utf8").trim().split(" ").filter(Boolean);
  } catch {
    // Only Linux tells without being asked by a process of its own.
    return [];
  }
}

function countFiles(): number {
  try {
    return readdirSync("/proc/self/fd").filter((name) => !isKept(name)).length;
  } catch {
    // Only Linux tells.
    return 0;
  }
}

// The event loop opens one for all files that are watched, and one to be closed when there are too many, and keeps them.
const KEPT = ["anon_inode:inotify", "/dev/null"];

/** Whether it belongs to the event loop. */
function isKept(descriptor: string): boolean {
  try {
    return KEPT.includes(readlinkSync(`/proc/self/fd/${descriptor}`));
  } catch {
    // The one that the folder itself was read by.
    return true;
  }
}
