// The attempts at tasks that hold a place now, and which of them may be interrupted.
//
// 1. An attempt holds its place until its turn has really ended, also when its task has ended before.
// 2. Nobody looks for one to interrupt where there is none: they are counted by rank.
import type { InvokeOptions } from "../../call.ts";
import type { TaskClass, Worker } from "./crew.ts";
import type { LiveTask } from "./live-task.ts";

const MOST_PREEMPTIONS = 5;

/** One attempt at a task. It is what the agent's call is given as options, so that its turn is recognised. */
export class Flight implements InvokeOptions {
  readonly task: LiveTask;
  readonly worker: Worker;
  readonly signal: AbortSignal;
  readonly trace: string;
  readonly tenant: string;
  /** Its place among the messages of a busy agent. */
  readonly rank: number;
  /** The turn itself, once it has begun: it may last longer than the call that was cancelled. */
  turn: Promise<unknown> | undefined = undefined;
  /** It is to make room: the task is queued again once the turn has ended. */
  yielding = false;
  readonly #stop = new AbortController();

  constructor(task: LiveTask, worker: Worker) {
    this.task = task;
    this.worker = worker;
    this.signal = this.#stop.signal;
    this.trace = task.trace;
    this.tenant = task.tenant;
    this.rank = task.rank;
  }

  get preemptible(): boolean {
    const { draft, overtook, preempted } = this.task;
    // What had its turn before more urgent work would never be done if that work could take it away again.
    return draft.preemptible === true && !this.yielding && !overtook && preempted < MOST_PREEMPTIONS;
  }

  abort(reason: unknown): void {
    this.#stop.abort(reason);
  }
}

export class Flights implements Iterable<Flight> {
  readonly #flights = new Set<Flight>();
  readonly #preemptible = [0, 0, 0, 0];

  begin(task: LiveTask, worker: Worker): Flight {
    const flight = new Flight(task, worker);
    this.#flights.add(flight);
    this.#count(flight, 1);
    worker.begin();
    return flight;
  }

  end(flight: Flight): void {
    this.#flights.delete(flight);
    this.#count(flight, -1);
    flight.worker.end();
  }

  /** Makes somebody less urgent yield to a task, if that gives it room. */
  preempt(rank: number, ofClass: TaskClass): Flight | undefined {
    for (let lower = 3; lower > rank; lower--) {
      const flight = this.#preemptible[lower] === 0 ? undefined : this.#youngest(lower, ofClass);
      if (flight === undefined) continue;
      this.#count(flight, -1);
      flight.yielding = true;
      return flight;
    }
    return undefined;
  }

  [Symbol.iterator](): Iterator<Flight> {
    return this.#flights.values();
  }

  /** Of one rank, the youngest whose end would give room to that class: it has done the least. */
  #youngest(rank: number, ofClass: TaskClass): Flight | undefined {
    let best: Flight | undefined;
    for (const flight of this.#flights) {
      if (flight.task.rank !== rank || !flight.preemptible) continue;
      if (best !== undefined && best.task.age > flight.task.age) continue;
      if (makesRoom(flight, ofClass)) best = flight;
    }
    return best;
  }

  #count(flight: Flight, by: number): void {
    if (!flight.preemptible) return;
    const { rank } = flight.task;
    this.#preemptible[rank] = (this.#preemptible[rank] ?? 0) + by;
  }
}

function makesRoom(flight: Flight, { workers }: TaskClass): boolean {
  if (workers.has(flight.worker)) return flight.worker.hasRoomWithout(flight);
  if (flight.worker.loads.length === 0) return false;
  for (const worker of workers) if (worker.hasRoomWithout(flight)) return true;
  return false;
}
