// Gives tasks to agents that can do them and have room.
//
// 1. A task ends exactly once: done, failed or cancelled. Until then it waits in its class or has one flight.
// 2. No agent gets more tasks than it does at a time, nor all of a role more than the role's limit. A place is free
//    again when the turn has really ended, also where the call was cancelled and the action did not care.
// 3. Nothing waits while somebody who can do it has room.
// 4. A task that makes room for more urgent work is whole: it is queued again at its old age once its turn has ended.
//    That happens to it five times at most, only for what is strictly more urgent, and never where it had its turn
//    before more urgent work because it had waited long.
// 5. One timer for all deadlines. Nothing is watched or wrapped before the first task.
import { isMofaError, toErrorJson } from "../../error.ts";
import { fail } from "../../errors.ts";
import type { Agent } from "../../kinds/agent.ts";
import type { AgentInfo } from "../../kinds/control.ts";
import type { Scheduler, Task, TaskDraft, TaskInfo } from "../../kinds/scheduler.ts";
import type { Invoker } from "../calls/invoke.ts";
import type { CallHost } from "../calls/live-call.ts";
import { Crew, chooseWorker, relieved, type TaskClass, type Worker } from "./crew.ts";
import { Deadlines } from "./deadlines.ts";
import { Flight, Flights } from "./flights.ts";
import { LiveTask } from "./live-task.ts";
import { problemOf } from "./task-draft.ts";
import { sayNearest, sayWants } from "./task-wants.ts";
import { WaitingRoom } from "./waiting-room.ts";

export interface SchedulerHost extends CallHost {
  readonly invoker: Invoker;
  /** How an agent is; undefined when it is not on the shelf. */
  agentInfo(agent: Agent): AgentInfo | undefined;
}

export interface SchedulerOptions {
  /** How many tasks may wait. Default 100,000. */
  readonly maxWaiting?: number;
  /** How many tasks run at a time over all agents of a role. */
  readonly roles?: Readonly<Record<string, number>>;
}

export function createScheduler(host: SchedulerHost, options: SchedulerOptions = {}): KernelScheduler {
  return new KernelScheduler(host, options);
}

export class KernelScheduler implements Scheduler {
  readonly name = "kernel";
  readonly #host: SchedulerHost;
  readonly #maxWaiting: number;
  readonly #crew: Crew;
  readonly #tasks = new Map<string, LiveTask>();
  readonly #room = new WaitingRoom();
  readonly #flights = new Flights();
  readonly #deadlines: Deadlines<LiveTask>;
  /** Lets go of the registry and the wrapper; there once the first task has come. */
  #close: (() => void) | undefined = undefined;
  /** Takes nothing more; what is there may still be done. */
  #closed = false;
  #ended = false;
  /** Agents that became ready, to be looked at when what runs now is done. */
  readonly #readied = new Set<string>();

  constructor(host: SchedulerHost, { maxWaiting = 100_000, roles = {} }: SchedulerOptions) {
    this.#host = host;
    this.#maxWaiting = maxWaiting;
    this.#crew = new Crew((agent) => host.agentInfo(agent));
    this.#deadlines = new Deadlines(host.clock, (task) => this.#late(task));
    for (const [role, capacity] of Object.entries(roles)) this.limit(role, capacity);
  }

  submit<Output>(draft: TaskDraft): Task<Output> {
    if (this.#closed) throw fail("kernel.closed", {}, { stack: false });
    const problem = problemOf(draft);
    if (problem !== undefined) throw fail("task.malformed", { task: draft.name ?? "", problem });
    if (this.#room.size >= this.#maxWaiting)
      throw fail("scheduler.full", { max: this.#maxWaiting }, { stack: false, retryable: true });
    this.#close ??= this.#open();
    const task = this.#make(draft);
    if (task.due <= this.#host.clock.now()) this.#late(task);
    else this.#place(task);
    return task;
  }

  list(): readonly TaskInfo[] {
    return [...this.#tasks.values()].map((task) => task.info);
  }

  find(id: string): Task | undefined {
    return this.#tasks.get(id);
  }

  limit(role: string, capacity: number | undefined): void {
    if (capacity !== undefined && (!Number.isInteger(capacity) || capacity < 0))
      throw fail("scheduler.bad_limit", { role, capacity });
    this.#crew.limit(role, capacity, this.#flights);
    for (const worker of this.#crew.all()) this.#dispatch(worker);
  }

  /** Hears of an agent that takes work again, or has nothing more to do. */
  agentReady({ name }: Agent): void {
    if (this.#room.size === 0) return;
    // Not at once: the agent is in the middle of its change.
    if (this.#readied.size === 0) void Promise.resolve().then(this.#sweep);
    this.#readied.add(name);
  }

  readonly #sweep = (): void => {
    const names = [...this.#readied];
    this.#readied.clear();
    for (const name of names) {
      const worker = this.#crew.worker(name);
      if (worker !== undefined) this.#dispatch(worker);
    }
  };

  /** From now on no task is taken. */
  close(): void {
    this.#closed = true;
  }

  /** Gives up everything: what waits, and what runs. */
  end(): void {
    this.close();
    this.#ended = true;
    this.#close?.();
    const closed = fail("kernel.closed", {}, { stack: false });
    for (const task of this.#tasks.values()) this.#giveUp(task, "cancelled", closed);
    this.#deadlines.clear();
  }

  #open(): () => void {
    const { registry, invoker } = this.#host;
    for (const agent of registry.list("agent")) this.#crew.seat(agent.name, agent as Agent);
    const unwatch = registry.watch((kind, { name }) => {
      if (kind === "agent") this.#reseat(name, registry.find("agent", name) as Agent | undefined);
    });
    // The innermost of what bounds turns, so it sees the turn itself begin and end.
    const unwrap = invoker.wrap(
      (step, next) => {
        const turn = next(step);
        if (step.options instanceof Flight) step.options.turn = turn;
        return turn;
      },
      { place: "pacing", kinds: ["agent"] },
    );
    return () => {
      unwatch();
      unwrap();
    };
  }

  #make(draft: TaskDraft): LiveTask {
    const { ids, clock } = this.#host;
    const age = ids.next();
    const task = new LiveTask({
      draft,
      age,
      id: ids.text(age),
      at: clock.now(),
      ofClass: this.#crew.classOf(draft),
      cancel: (one, reason) => this.#cancel(one, reason),
    });
    this.#tasks.set(task.id, task);
    task.class.live++;
    return task;
  }

  #place(task: LiveTask): void {
    if (task.draft.deadline !== undefined) this.#deadlines.add(task);
    const { queue, workers } = task.class;
    // Where others of its class wait, nobody has room.
    const worker = queue.size === 0 ? this.#crew.free(task.class) : undefined;
    if (worker !== undefined) this.#start(task, worker);
    else if (workers.size === 0) this.#unmatched(task);
    else {
      this.#room.enter(task);
      this.#tell(task);
      // Who watches may have cancelled it.
      if (task.waitsFor !== undefined) this.#preemptFor(task);
    }
  }

  #unmatched(task: LiveTask): void {
    const { class: ofClass, draft, name } = task;
    if (draft.unmatched !== "park") {
      const nearest = sayNearest(ofClass.wants, this.#crew.agents());
      const error = fail("task.unmatched", { task: name, wanted: sayWants(ofClass.wants), nearest }, { stack: false });
      this.#giveUp(task, "failed", error);
      return;
    }
    if (task.waitsFor === undefined) this.#room.enter(task);
    task.status = "parked";
    this.#tell(task, ofClass.held);
  }

  #reseat(name: string, agent: Agent | undefined): void {
    const touched = this.#crew.seat(name, agent);
    for (const ofClass of touched) if (ofClass.queue.size > 0) this.#rematch(ofClass);
    const worker = this.#crew.worker(name);
    if (worker !== undefined) this.#dispatch(worker);
  }

  /** Tasks of a class have found somebody, or lost the last one. */
  #rematch(ofClass: TaskClass): void {
    for (const task of this.#tasks.values()) {
      if (task.class !== ofClass || task.waitsFor === undefined) continue;
      if (ofClass.workers.size === 0) this.#unmatched(task);
      else if (task.status === "parked") {
        task.status = "queued";
        this.#tell(task);
      }
    }
  }

  #dispatch(worker: Worker, urgentFirst = false): void {
    if (this.#room.size === 0 || this.#ended) return;
    let urgent = urgentFirst;
    while (worker.hasRoom()) {
      const task = this.#room.next(worker, urgent);
      if (task === undefined) return;
      urgent = false;
      this.#start(task, worker);
    }
  }

  #start(task: LiveTask, worker: Worker): void {
    const flight = this.#flights.begin(task, worker);
    task.flight = flight;
    task.status = "running";
    this.#tell(task);
    this.#host.invoke(undefined, worker.agent, task.draft.input, flight).then(
      (output) => {
        if (task.flight === flight && !task.ended) this.#end(task, "done", output);
        this.#land(flight);
      },
      (error: unknown) => this.#failed(flight, error),
    );
  }

  #failed(flight: Flight, error: unknown): void {
    const { task, turn, worker } = flight;
    if (turn === undefined && isOfPlace(error, worker)) {
      // The agent never began: it went away meanwhile, or its mailbox was full.
      worker.full = !isMofaError(error, "agent.not_taking");
      this.#land(flight, true);
    } else if (flight.yielding) this.#yielded(flight);
    else {
      if (!task.ended) this.#end(task, "failed", error);
      if (turn === undefined) this.#land(flight);
      else void turn.then(ignore, ignore).then(() => this.#land(flight));
    }
  }

  #yielded(flight: Flight): void {
    const { task, turn } = flight;
    // One that was through before it heard of the interruption is done: doing it again would do it twice.
    const through = (output: unknown) => {
      if (!task.ended) this.#end(task, "done", output);
      this.#land(flight);
    };
    if (turn === undefined) this.#land(flight, true);
    else turn.then(through, () => this.#land(flight, true));
  }

  /** The turn has ended: its place is free, and where the task has not ended it is queued again. */
  #land(flight: Flight, again = false): void {
    const { task, worker } = flight;
    this.#flights.end(flight);
    if (again && !task.ended) this.#again(task, flight.yielding);
    const waiting = relieved(worker);
    // Room that was made for the urgent goes to the urgent.
    const first = waiting.length === 1 ? worker : chooseWorker(waiting, flight.yielding);
    if (first !== undefined) this.#dispatch(first, flight.yielding);
    for (const other of waiting) if (other !== first) this.#dispatch(other);
    // Another that can do it may have room, and nobody else to tell it so.
    const free = task.waitsFor === undefined ? undefined : this.#crew.free(task.class);
    if (free !== undefined) this.#dispatch(free);
  }

  #again(task: LiveTask, yielded: boolean): void {
    if (yielded) task.preempted++;
    this.#room.enter(task, "by age");
    if (task.class.workers.size === 0) this.#unmatched(task);
    else this.#tell(task, yielded ? "It was interrupted for more urgent work." : "Its agent did not begin it.");
  }

  #preemptFor(task: LiveTask): void {
    const victim = this.#flights.preempt(task.rank, task.class);
    if (victim === undefined) return;
    const data = { task: victim.task.name, by: task.name };
    victim.abort(fail("task.preempted", data, { stack: false, retryable: true }));
  }

  #cancel(task: LiveTask, cause: unknown): boolean {
    if (task.ended) return false;
    const reason = cause === undefined ? "it was no longer wanted." : toErrorJson(cause).message;
    const error = fail("task.cancelled", { task: task.name, reason }, { stack: false, cause });
    this.#giveUp(task, "cancelled", error);
    return true;
  }

  #late(task: LiveTask): void {
    const { name, due, status } = task;
    this.#giveUp(task, "failed", fail("task.deadline", { task: name, deadline: due, status }, { stack: false }));
  }

  /** Ends a task that has no result, wherever it is; a turn in work is told to stop. */
  #giveUp(task: LiveTask, status: "failed" | "cancelled", error: unknown): void {
    const { flight } = task;
    if (task.waitsFor !== undefined) this.#room.leave(task);
    this.#end(task, status, error);
    flight?.abort(error);
  }

  #end(task: LiveTask, status: "done" | "failed" | "cancelled", value: unknown): void {
    this.#tasks.delete(task.id);
    this.#deadlines.remove(task);
    task.class.live--;
    task.end(status, value);
    this.#tell(task, status === "done" ? undefined : value);
  }

  #tell(task: LiveTask, why?: unknown): void {
    const { events, clock } = this.#host;
    if (!events.wanted("task.changed", "task")) return;
    const { id, name, trace, status, draft, flight } = task;
    const { role, priority = "normal" } = draft;
    const reason = why === undefined || typeof why === "string" ? why : toErrorJson(why).message;
    events.tell({
      type: "task.changed",
      at: clock.now(),
      trace,
      call: "",
      kind: "task",
      name,
      task: id,
      status,
      priority,
      ...(role === undefined ? {} : { role }),
      ...(flight === undefined ? {} : { agent: flight.worker.agent.name }),
      ...(reason === undefined ? {} : { reason }),
    });
  }
}

/** Whether an error says that this agent gave no turn. Where nothing waits, its mailbox can never take this one. */
function isOfPlace(error: unknown, { agent: { name }, info }: Worker): boolean {
  if (isMofaError(error, "agent.not_taking")) return error.data["agent"] === name;
  const full = isMofaError(error, "mailbox.full") || isMofaError(error, "message.dropped");
  return full && error.data["owner"] === `agent:${name}` && info()?.queued !== 0;
}

function ignore(): void {}
