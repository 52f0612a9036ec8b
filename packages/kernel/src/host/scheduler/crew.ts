// Who can do which tasks, and who has room.
//
// 1. Tasks that the same agents can do are of one class: what waits, waits in its class, and nowhere else.
// 2. A worker is the newest agent of its name. One that is replaced or gone takes nothing more; what it does, it ends.
// 3. A worker has room while it runs less than its agent does at a time, and less than each of its roles allows.
// 4. Nothing is searched that is not wanted: a class knows its workers, a worker its classes, a role its holders.
import type { Agent } from "../../kinds/agent.ts";
import type { AgentInfo } from "../../kinds/control.ts";
import { servedRank, TaskQueue } from "../../task-queue.ts";
import type { Flight } from "./flights.ts";
import type { LiveTask } from "./live-task.ts";
import { canDo, sayWants, type TaskWants, toKey } from "./task-wants.ts";

/** Tasks that the same agents can do. */
export class TaskClass {
  readonly key: string;
  readonly wants: TaskWants;
  readonly queue = new TaskQueue<LiveTask>();
  readonly workers = new Set<Worker>();
  /** Tasks of it that have not ended. */
  live = 0;

  constructor(key: string, { agent, role, capabilities }: TaskWants) {
    this.key = key;
    this.wants = {
      ...(agent === undefined ? {} : { agent }),
      ...(role === undefined ? {} : { role }),
      ...(capabilities === undefined ? {} : { capabilities }),
    };
  }

  /** Why nobody takes its tasks; undefined when somebody does. */
  get held(): string | undefined {
    if (this.workers.size === 0) return `There is no agent for it: it wants ${sayWants(this.wants)}.`;
    for (const worker of this.workers) if (isTaking(worker.info())) return undefined;
    const [{ agent, info }] = this.workers as Iterable<Worker> as [Worker];
    return `Nobody who can do it takes work now: "${agent.name}" is ${info()?.status ?? "gone"}.`;
  }
}

/** How many tasks run at a time on all who hold a role. */
export interface RoleLoad {
  readonly role: string;
  readonly holders: Set<Worker>;
  limit: number;
  running: number;
}

/** An agent, as one that does tasks. */
export class Worker {
  readonly agent: Agent;
  readonly info: () => AgentInfo | undefined;
  readonly classes: TaskClass[] = [];
  loads: readonly RoleLoad[] = [];
  running = 0;
  /** How many tasks it took: now and then it serves what is less urgent. */
  takes = 0;
  /** How often its end gave a place to whoever wanted it most: now and then that is who wants it least. */
  gives = 0;
  /** Its mailbox had no room for a turn: it is left alone until nothing waits there. */
  full = false;

  constructor(agent: Agent, info: () => AgentInfo | undefined) {
    this.agent = agent;
    this.info = info;
  }

  /** Bit n says that it could do a task of rank n. */
  get ready(): number {
    let ready = 0;
    for (const { queue } of this.classes) ready |= queue.ready;
    return ready;
  }

  hasRoom(): boolean {
    if (this.running >= (this.agent.concurrency ?? 1)) return false;
    for (const load of this.loads) if (load.running >= load.limit) return false;
    return this.#takes();
  }

  /** Whether it would have room if that attempt had ended. */
  hasRoomWithout({ worker }: Flight): boolean {
    if (this.running - (worker === this ? 1 : 0) >= (this.agent.concurrency ?? 1)) return false;
    for (const load of this.loads) {
      if (load.running - (worker.loads.includes(load) ? 1 : 0) >= load.limit) return false;
    }
    return this.#takes();
  }

  /** What it has in work and before it, messages included. */
  load(): number {
    const info = this.info();
    return info === undefined ? this.running : Math.max(this.running, info.active) + info.queued;
  }

  #takes(): boolean {
    const info = this.info();
    if (!isTaking(info)) return false;
    if (this.full && info?.queued === 0) this.full = false;
    return !this.full;
  }

  begin(): void {
    this.running++;
    for (const load of this.loads) load.running++;
  }

  end(): void {
    this.running--;
    for (const load of this.loads) load.running--;
  }
}

function isTaking(info: AgentInfo | undefined): boolean {
  return info !== undefined && (info.status === "ready" || info.status === "busy");
}

const MOST_IDLE_CLASSES = 1000;

export class Crew {
  readonly #workers = new Map<string, Worker>();
  readonly #classes = new Map<string, TaskClass>();
  readonly #roles = new Map<string, RoleLoad>();
  readonly #info: (agent: Agent) => AgentInfo | undefined;

  constructor(info: (agent: Agent) => AgentInfo | undefined) {
    this.#info = info;
  }

  worker(name: string): Worker | undefined {
    return this.#workers.get(name);
  }

  agents(): readonly Agent[] {
    return [...this.#workers.values()].map((worker) => worker.agent);
  }

  classOf(wants: TaskWants): TaskClass {
    const key = toKey(wants);
    const known = this.#classes.get(key);
    if (known !== undefined) return known;
    if (this.#classes.size >= MOST_IDLE_CLASSES) this.#forgetIdle();
    const made = new TaskClass(key, wants);
    this.#classes.set(key, made);
    for (const worker of this.#workers.values()) assign(worker, made);
    return made;
  }

  /** Puts an agent in the place of whoever had its name, or nobody; gives the classes that lost or found somebody. */
  seat(name: string, agent: Agent | undefined): readonly TaskClass[] {
    const old = this.#workers.get(name);
    if (old?.agent === agent) return [];
    const touched = new Set(old?.classes);
    this.#workers.delete(name);
    if (old !== undefined) retire(old);
    if (agent === undefined) return [...touched];
    const worker = new Worker(agent, () => this.#info(agent));
    this.#workers.set(name, worker);
    this.#burden(worker);
    for (const each of this.#classes.values()) assign(worker, each);
    for (const each of worker.classes) touched.add(each);
    return [...touched];
  }

  /** Bounds a role; `flights` are all that run now. */
  limit(role: string, capacity: number | undefined, flights: Iterable<Flight>): void {
    const known = this.#roles.get(role);
    if (known !== undefined && capacity !== undefined) {
      known.limit = capacity;
      return;
    }
    if (capacity === undefined) this.#roles.delete(role);
    else this.#roles.set(role, { role, holders: new Set(), limit: capacity, running: 0 });
    const workers = new Set(this.#workers.values());
    for (const { worker } of flights) workers.add(worker);
    for (const worker of workers) this.#burden(worker);
    const load = this.#roles.get(role);
    if (load === undefined) return;
    for (const worker of workers) if (worker.loads.includes(load)) load.running += worker.running;
  }

  /** Of those who can do tasks of a class and have room, the one with the least to do. */
  free({ workers }: TaskClass): Worker | undefined {
    let best: Worker | undefined;
    let least = Number.POSITIVE_INFINITY;
    for (const worker of workers) {
      if (!worker.hasRoom()) continue;
      const load = worker.load();
      if (load >= least) continue;
      best = worker;
      least = load;
      if (load === 0) break;
    }
    return best;
  }

  all(): readonly Worker[] {
    return [...this.#workers.values()];
  }

  #burden(worker: Worker): void {
    const roles = new Set(worker.agent.roles);
    worker.loads = [...this.#roles.values()].filter((load) => roles.has(load.role));
    if (this.#workers.get(worker.agent.name) !== worker) return;
    for (const load of worker.loads) load.holders.add(worker);
  }

  #forgetIdle(): void {
    for (const each of this.#classes.values()) {
      if (each.live > 0) continue;
      this.#classes.delete(each.key);
      for (const { classes } of each.workers) classes.splice(classes.indexOf(each), 1);
    }
  }
}

/** Those who may have got room when a worker ended something: itself, and all of a role that was used up. */
export function relieved(worker: Worker): readonly Worker[] {
  const shared = worker.loads.flatMap((load) => (load.running === load.limit - 1 ? [...load.holders] : []));
  return shared.length === 0 ? [worker] : [...new Set([worker, ...shared])];
}

/** Of those who want the one place, whoever has the most urgent task; now and then the least urgent, so that none starves. */
export function chooseWorker(workers: readonly Worker[], urgentOnly: boolean): Worker | undefined {
  let ready = 0;
  for (const worker of workers) ready |= worker.ready;
  if (ready === 0) return undefined;
  const [first] = workers;
  const rank = urgentOnly || first === undefined ? servedRank(ready, 1) : servedRank(ready, ++first.gives);
  return workers.find((worker) => (worker.ready & (1 << rank)) !== 0);
}

function assign(worker: Worker, to: TaskClass): void {
  if (!canDo(worker.agent, to.wants)) return;
  worker.classes.push(to);
  to.workers.add(worker);
}

function retire(worker: Worker): void {
  for (const each of worker.classes.splice(0)) each.workers.delete(worker);
  for (const { holders } of worker.loads) holders.delete(worker);
}
