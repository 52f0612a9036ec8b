import type { JsonObject } from "../json.ts";

/** What one check came to. `unknown` keeps nobody from being ready. */
export interface HealthCheck extends JsonObject {
  readonly name: string;
  readonly status: "ok" | "failed" | "unknown";
  /** What is wrong and why; "" when all is well. One that is `ok` may say what was wrong once and is not counted yet. */
  readonly detail: string;
  /** Epoch milliseconds of the look. */
  readonly at: number;
}

export interface HealthReport extends JsonObject {
  /** `failed` when one of the checks is. */
  readonly status: "ok" | "failed";
  readonly checks: readonly HealthCheck[];
}

/** Says whether the process lives (else restart it) and whether it is ready (else send it no work). */
export interface Health {
  readonly name: string;
  /** Only what a restart heals. From the last periodic checks, like `ready`: answers at once. */
  live(): HealthReport;
  /** All that keeps it from working. */
  ready(): HealthReport;
  /** Checks now, and gives what `ready` says then. */
  check(): Promise<HealthReport>;
}
