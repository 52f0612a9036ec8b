import { type Clock, type HealthReport, type JsonObject, toErrorJson } from "@mofa/kernel";
import { fail } from "./errors.ts";
import { look, type Part, type Sight } from "./sight.ts";

/** What one check of readiness came to. */
interface Check extends JsonObject {
  readonly name: string;
  /** `unknown`: the gateway may not see it, or there is none; that keeps nobody from being ready. */
  readonly status: "ok" | "failed" | "unknown";
  /** What is not ready and why; "" when all is well. */
  readonly detail: string;
}

export interface Readiness extends JsonObject {
  readonly status: "ready" | "not ready";
  readonly checks: readonly Check[];
}

const PATIENCE = 3000;

/** Says whether the process lives: what a health plugin saw last, or that it answers. */
export function checkLife(sight: Sight): Pick<HealthReport, "status"> & Partial<HealthReport> {
  return sight.find("health")?.live() ?? { status: "ok" };
}

/**
 * Says whether everything is ready to work: what a health plugin saw last, or, without one, what a look now sees of
 * plugins, agents, and what keeps runs and documents.
 */
export async function checkReadiness(sight: Sight, clock: Clock): Promise<Readiness> {
  const health = sight.find("health");
  if (health !== undefined) {
    const { status, checks } = health.ready();
    return { status: status === "ok" ? "ready" : "not ready", checks };
  }
  const checks = await Promise.all([
    check("plugins", () => sight.control().plugins(), sayPlugins),
    check("agents", () => sight.control().agents(), sayAgents),
    reach("journal", () => sight.find("journal")?.list({ limit: 1 }), clock),
    reach("store", () => sight.find("store")?.list({ limit: 1 }), clock),
  ]);
  const ready = checks.every(({ status }) => status !== "failed");
  return { status: ready ? "ready" : "not ready", checks };
}

type Sees = ReturnType<Sight["control"]>;

async function check<T>(name: string, see: () => T, say: (seen: T) => string): Promise<Check> {
  const part: Part<T> = await look(see);
  if ("missing" in part) return { name, status: "unknown", detail: part.missing };
  const detail = say(part.is);
  return { name, status: detail === "" ? "ok" : "failed", detail };
}

function sayPlugins(plugins: ReturnType<Sees["plugins"]>): string {
  const idle = plugins.filter(({ status }) => status !== "active");
  return idle
    .map(({ name, status, reason }) => `${name} is ${status}${reason === undefined ? "" : ` (${reason})`}`)
    .join("; ");
}

function sayAgents(agents: ReturnType<Sees["agents"]>): string {
  const failed = agents.filter(({ status }) => status === "failed");
  return failed.map(({ name }) => `${name} has failed`).join("; ");
}

async function reach(name: string, ask: () => Promise<unknown> | undefined, clock: Clock): Promise<Check> {
  try {
    const answer = ask();
    if (answer === undefined) return { name, status: "unknown", detail: `There is no ${name}.` };
    await within(answer, name, clock);
    return { name, status: "ok", detail: "" };
  } catch (error) {
    return { name, status: "failed", detail: toErrorJson(error).message };
  }
}

function within(answer: Promise<unknown>, check: string, clock: Clock): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const cancel = clock.after(PATIENCE, () => reject(fail("gateway.check_timed_out", { check, ms: PATIENCE })));
    answer.finally(cancel).then(resolve, reject);
  });
}
