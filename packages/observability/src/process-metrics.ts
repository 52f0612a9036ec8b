// What the process itself says: the usual names of prom-client, in a registry of its own.
//
// 1. The loop monitor and the garbage collection observer run from creation to dispose, and not a moment longer. This is
//    why prom-client's own collectDefaultMetrics is not used: what it starts can never be stopped, so that every
//    reload of the plugin would leave a timer of 10 ms and an observer behind.
// 2. Everything else is read when somebody scrapes.
import { constants, monitorEventLoopDelay, type PerformanceEntry, PerformanceObserver } from "node:perf_hooks";
import { Counter, Gauge, Histogram, Registry } from "prom-client";

/** The metrics of this process; ends what it started when disposed. */
export interface ProcessMetrics extends Disposable {
  readonly registry: Registry;
}

export function createProcessMetrics(): ProcessMetrics {
  const registry = new Registry();
  const loop = watchLoop(registry);
  const collections = watchCollections(registry);
  addReadings(registry);
  return {
    registry,
    [Symbol.dispose]() {
      loop.disable();
      collections.disconnect();
      registry.clear();
    },
  };
}

function watchLoop(registry: Registry) {
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  const registers = [registry];
  const readings = {
    mean: () => delay.mean,
    max: () => delay.max,
    p50: () => delay.percentile(50),
    p90: () => delay.percentile(90),
    p99: () => delay.percentile(99),
  };
  for (const [part, read] of Object.entries(readings)) {
    new Gauge({
      name: `nodejs_eventloop_lag_${part}_seconds`,
      help: `Delay of the event loop since the plugin started (${part}).`,
      registers,
      collect() {
        const nanoseconds = read();
        // Before the first sample there is no mean.
        this.set(Number.isFinite(nanoseconds) ? nanoseconds / 1e9 : 0);
      },
    });
  }
  return delay;
}

const COLLECTIONS: Readonly<Record<number, string>> = {
  [constants.NODE_PERFORMANCE_GC_MAJOR]: "major",
  [constants.NODE_PERFORMANCE_GC_MINOR]: "minor",
  [constants.NODE_PERFORMANCE_GC_INCREMENTAL]: "incremental",
  [constants.NODE_PERFORMANCE_GC_WEAKCB]: "weakcb",
};

function watchCollections(registry: Registry): PerformanceObserver {
  const durations = new Histogram({
    name: "nodejs_gc_duration_seconds",
    help: "Garbage collection duration by kind, one of major, minor, incremental or weakcb.",
    labelNames: ["kind"],
    buckets: [0.001, 0.01, 0.1, 1],
    registers: [registry],
  });
  const observer = new PerformanceObserver((list) => {
    // Entries of type "gc" carry which kind of collection it was; the general type does not say so.
    for (const entry of list.getEntries() as readonly (PerformanceEntry & { readonly detail?: { kind: number } })[]) {
      durations.observe({ kind: COLLECTIONS[entry.detail?.kind ?? -1] ?? "other" }, entry.duration / 1000);
    }
  });
  observer.observe({ entryTypes: ["gc"] });
  return observer;
}

function addReadings(registry: Registry): void {
  const registers = [registry];
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read());
      },
    });
  const seconds = (name: string, help: string, microseconds: (usage: NodeJS.CpuUsage) => number) =>
    new Counter({
      name,
      help,
      registers,
      collect() {
        this.reset();
        this.inc(microseconds(process.cpuUsage()) / 1e6);
      },
    });

  seconds("process_cpu_user_seconds_total", "User CPU time spent.", ({ user }) => user);
  seconds("process_cpu_system_seconds_total", "System CPU time spent.", ({ system }) => system);
  seconds("process_cpu_seconds_total", "User and system CPU time spent.", ({ user, system }) => user + system);
  gauge(
    "process_start_time_seconds",
    "When the process started, in seconds since 1970.",
    () => performance.timeOrigin / 1000,
  );
  gauge("process_resident_memory_bytes", "Resident memory.", () => process.memoryUsage.rss());
  gauge("nodejs_heap_size_total_bytes", "Heap size.", () => process.memoryUsage().heapTotal);
  gauge("nodejs_heap_size_used_bytes", "Heap in use.", () => process.memoryUsage().heapUsed);
  gauge("nodejs_external_memory_bytes", "Memory outside of the heap.", () => process.memoryUsage().external);
  gauge(
    "nodejs_active_resources_total",
    "What keeps the event loop alive.",
    () => process.getActiveResourcesInfo().length,
  );
  new Gauge({ name: "nodejs_version_info", help: "The version of Node.", labelNames: ["version"], registers }).set(
    { version: process.version },
    1,
  );
}
