// Tasks that wait, each in the queue of its class, and whose turn it is.
//
// 1. A task is in the queue of its class exactly while it has its tenant's record.
// 2. A tenant has a record while something of it waits, and no longer. One that comes stands behind those there.

import { servedRank } from "../../task-queue.ts";
import type { Worker } from "./crew.ts";
import type { LiveTask } from "./live-task.ts";

/** Who submitted tasks that wait now. */
export interface Tenant {
  readonly name: string;
  waiting: number;
  /** When it was served last, counted in tasks. */
  served: number;
}

export class WaitingRoom {
  size = 0;
  readonly #tenants = new Map<string, Tenant>();
  #served = 0;

  /** Lets a task in, behind all of its tenant, or at its old age. */
  enter(task: LiveTask, place: "last" | "by age" = "last"): void {
    task.status = "queued";
    task.flight = undefined;
    task.overtook = false;
    let tenant = this.#tenants.get(task.tenant);
    if (tenant === undefined) {
      tenant = { name: task.tenant, waiting: 0, served: this.#served };
      this.#tenants.set(tenant.name, tenant);
    }
    tenant.waiting++;
    task.waitsFor = tenant;
    this.size++;
    if (place === "last") task.class.queue.push(task);
    else task.class.queue.restore(task);
  }

  /** Takes out what a worker does next: now and then something less urgent, except where room was made for the urgent. */
  next(worker: Worker, urgentOnly: boolean): LiveTask | undefined {
    const task = this.size === 0 ? undefined : choose(worker, urgentOnly);
    if (task === undefined) return undefined;
    const { rank } = task;
    if (task.waitsFor !== undefined) task.waitsFor.served = ++this.#served;
    this.#forget(task);
    return task.class.queue.takeFrom(rank);
  }

  leave(task: LiveTask): void {
    task.class.queue.remove(task);
    this.#forget(task);
  }

  #forget(task: LiveTask): void {
    this.size--;
    const tenant = task.waitsFor;
    task.waitsFor = undefined;
    if (tenant !== undefined && --tenant.waiting === 0) this.#tenants.delete(tenant.name);
  }
}

function choose(worker: Worker, urgentOnly: boolean): LiveTask | undefined {
  const { ready } = worker;
  if (ready === 0) return undefined;
  const urgent = servedRank(ready, 1);
  const rank = urgentOnly ? urgent : servedRank(ready, ++worker.takes);
  let best: LiveTask | undefined;
  for (const { queue } of worker.classes) {
    if ((queue.ready & (1 << rank)) === 0) continue;
    const task = queue.front(rank);
    if (task !== undefined && (best === undefined || goesBefore(task, best))) best = task;
  }
  if (best !== undefined) best.overtook = rank > urgent;
  return best;
}

/** Of two tasks of one rank in different classes: that of the tenant who was served longer ago, then the older. */
function goesBefore(task: LiveTask, other: LiveTask): boolean {
  const waited = (task.waitsFor?.served ?? 0) - (other.waitsFor?.served ?? 0);
  return waited === 0 ? task.age < other.age : waited < 0;
}
