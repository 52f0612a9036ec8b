import type { Middleware } from "../call.ts";
import { toErrorJson } from "../error.ts";
import type { Agent } from "../kinds/agent.ts";
import type { AgentInfo } from "../kinds/control.ts";
import { AgentCell, type AgentHost, type MessageTurn } from "./agent-cell.ts";
import { atMost } from "./at-most.ts";

/** Keeps a cell for every agent on the shelf. */
export interface Agents {
  /** The cell of the agent that has this name now. */
  cell(name: string): AgentCell;
  list(): readonly AgentInfo[];
  /** Resolves when every agent on the shelf has started, or throws what one failed with. */
  started(): Promise<void>;
  /** Resolves when an agent that was taken off the shelf has stopped. */
  stopped(agent: Agent): Promise<void>;
  end(): Promise<void>;
}

const STOP_MS = 5000;

/** A cell, and how often its agent stands on the shelf: two versions of a plugin may bring the same object. */
interface Seat {
  readonly cell: AgentCell;
  times: number;
}

export function createAgents(host: AgentHost): Agents {
  // By the object, and weakly: who still holds a stopped agent is refused by its cell, not let past it.
  const seats = new WeakMap<Agent, Seat>();
  const present = new Set<AgentCell>();
  const stopping = new Set<AgentCell>();
  const turns = new WeakMap<object, MessageTurn>();

  const unwatch = host.registry.watch((kind, thing, there) => {
    if (kind !== "agent") return;
    if (there) add(thing as Agent);
    else remove(thing as Agent);
  });
  const takeTurn: Middleware = (step, next) => {
    const seat = seats.get(step.action as Agent);
    return seat === undefined ? next(step) : seat.cell.takeTurn(step, next);
  };
  const unwrap = host.invoker.wrap(takeTurn, { place: "pacing", kinds: ["agent"] });

  function add(agent: Agent): void {
    const seat = seats.get(agent);
    if (seat !== undefined && seat.times > 0) {
      seat.times++;
      return;
    }
    const cell = new AgentCell(host, agent, turns);
    seats.set(agent, { cell, times: 1 });
    present.add(cell);
    cell.start().catch(report);
  }

  function remove(agent: Agent): void {
    const seat = seats.get(agent);
    if (seat === undefined || --seat.times > 0) return;
    const { cell } = seat;
    present.delete(cell);
    stopping.add(cell);
    // Another of that name takes over what is said from now on: what this one took in, it finishes.
    const replaced = host.registry.find("agent", agent.name) !== undefined;
    cell
      .stop(replaced ? "finish" : "refuse")
      .catch(report)
      .finally(() => stopping.delete(cell));
  }

  function report(error: unknown): void {
    const { message, code } = toErrorJson(error);
    host.write({ at: host.clock.now(), level: "error", from: "agents", message, data: { code } });
  }

  return {
    cell: (name) => (seats.get(host.registry.get("agent", name) as Agent) as Seat).cell,
    list: () => [...present].map((cell) => cell.info),
    async started() {
      await Promise.allSettled([...present].map((cell) => cell.started));
      for (const { failure } of present) if (failure !== undefined) throw failure;
    },
    async stopped(agent) {
      const seat = seats.get(agent);
      if (seat !== undefined && seat.times === 0) await seat.cell.stop().catch(() => {});
    },
    async end() {
      const all = [...present, ...stopping];
      present.clear();
      const stops = Promise.all(all.map((cell) => cell.stop("refuse").catch(report)));
      // Its calls were cancelled; one that does not care must not keep the kernel from ending.
      await atMost(host.clock, STOP_MS, stops);
      unwatch();
      unwrap();
    },
  };
}
