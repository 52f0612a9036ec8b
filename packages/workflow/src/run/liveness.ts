import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import type { RunRecord } from "@mofa/kernel";

/** Makes the id of a worker: where it lives, and something that no other process ever had. */
export function createWorkerId(): string {
  return `${hostname()}:${process.pid}:${randomUUID().slice(0, 13)}`;
}

/**
 * Tells whether a worker is surely dead: a process of this host that is no more. Of other hosts nothing can be said;
 * a number that was given to a new process looks alive, and its lease runs out as usual.
 */
export function isDead(worker: string, exists: (pid: number) => boolean = processExists): boolean {
  const [host, pid, rest] = worker.split(":");
  if (host !== hostname() || rest === undefined) return false;
  const number = Number(pid);
  return Number.isInteger(number) && number > 0 && !exists(number);
}

/** The workers among the owners of these runs that are surely dead. */
export function deadOwners(runs: readonly RunRecord[]): readonly string[] {
  const owners = new Set(runs.flatMap(({ owner }) => owner ?? []));
  return [...owners].filter((owner) => isDead(owner));
}

function processExists(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Somebody else's process may not be signalled, but it is there.
    return !(isSystemError(error) && error.code === "ESRCH");
  }
}

function isSystemError(error: unknown): error is { readonly code: string } {
  return typeof error === "object" && error !== null && "code" in error && typeof error.code === "string";
}
