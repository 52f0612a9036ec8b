// One task, from its submission to its end.
//
// 1. It ends once; its promise is settled then, and made only if somebody asks for it.
// 2. Whatever befalls it on the way, its draft, its id, its age and its promise stay the same.
import type { Task, TaskDraft, TaskInfo, TaskStatus } from "../../kinds/scheduler.ts";
import { type Queued, RANKS } from "../../task-queue.ts";
import type { TaskClass } from "./crew.ts";
import type { Due } from "./deadlines.ts";
import type { Flight } from "./flights.ts";
import type { Tenant } from "./waiting-room.ts";

export class LiveTask implements Task, Queued, Due {
  slot = -1;
  place = -1;
  readonly id: string;
  readonly rank: number;
  readonly age: number;
  readonly tenant: string;
  readonly draft: TaskDraft;
  readonly class: TaskClass;
  readonly at: number;
  status: TaskStatus = "queued";
  /** There while it runs. */
  flight: Flight | undefined = undefined;
  /** Its tenant's record; there while it waits. */
  waitsFor: Tenant | undefined = undefined;
  preempted = 0;
  /** It was taken before more urgent work, because it had waited long. */
  overtook = false;
  readonly #cancel: (task: LiveTask, reason: unknown) => boolean;
  #outcome: { readonly value: unknown; readonly ok: boolean } | undefined = undefined;
  #result: PromiseWithResolvers<unknown> | undefined = undefined;

  constructor({ draft, id, age, at, ofClass, cancel }: LiveTaskOptions) {
    this.draft = draft;
    this.id = id;
    this.age = age;
    this.at = at;
    this.rank = RANKS[draft.priority ?? "normal"];
    this.tenant = draft.tenant ?? "";
    this.class = ofClass;
    this.#cancel = cancel;
  }

  get name(): string {
    return this.draft.name ?? this.id;
  }

  get trace(): string {
    return this.draft.trace ?? this.id;
  }

  get due(): number {
    return this.draft.deadline ?? Number.POSITIVE_INFINITY;
  }

  get ended(): boolean {
    return this.#outcome !== undefined;
  }

  // The agent's output: who submits says of what type it is.
  get result(): Promise<never> {
    if (this.#result === undefined) {
      this.#result = Promise.withResolvers();
      this.#settle();
    }
    return this.#result.promise as Promise<never>;
  }

  get info(): TaskInfo {
    const { id, name, status, at, preempted, draft, flight } = this;
    const { role, deadline, tenant, priority = "normal" } = draft;
    const reason = status === "running" ? undefined : this.class.held;
    return {
      id,
      name,
      status,
      priority,
      at,
      preempted,
      ...(role === undefined ? {} : { role }),
      ...(flight === undefined ? {} : { agent: flight.worker.agent.name }),
      ...(tenant === undefined ? {} : { tenant }),
      ...(deadline === undefined ? {} : { deadline }),
      ...(reason === undefined ? {} : { reason }),
    };
  }

  cancel(reason?: unknown): boolean {
    return this.#cancel(this, reason);
  }

  end(status: "done" | "failed" | "cancelled", value: unknown): void {
    this.status = status;
    this.#outcome = { value, ok: status === "done" };
    this.#settle();
  }

  #settle(): void {
    if (this.#outcome === undefined || this.#result === undefined) return;
    const { value, ok } = this.#outcome;
    if (ok) {
      this.#result.resolve(value);
      return;
    }
    // Who gave it up, or ended the kernel, must not be told by a crash of the process.
    if (this.status === "cancelled") this.#result.promise.catch(() => {});
    this.#result.reject(value);
  }
}

export interface LiveTaskOptions {
  readonly draft: TaskDraft;
  readonly id: string;
  readonly age: number;
  readonly at: number;
  readonly ofClass: TaskClass;
  cancel(task: LiveTask, reason: unknown): boolean;
}
