import type { Middleware } from "../../call.ts";
import { fail } from "../../errors.ts";
import type { Agent } from "../../kinds/agent.ts";
import type { AgentInfo, SupervisorInfo } from "../../kinds/control.ts";
import { atMost } from "../at-most.ts";
import type { Invoker } from "../calls/invoke.ts";
import type { Bus } from "../messages/bus.ts";
import { AgentCell, type AgentHost } from "./agent-cell.ts";
import { checkAgent } from "./agent-check.ts";
import { begin, retire, type Waiting } from "./life.ts";
import { createSupervision, type SupervisionHost } from "./supervise.ts";

/** Keeps a cell for every agent on the shelf. */
export interface Agents {
  list(): readonly AgentInfo[];
  /** How an agent is; undefined when it is not on the shelf. */
  info(agent: Agent): AgentInfo | undefined;
  supervisors(): readonly SupervisorInfo[];
  pause(name: string): void;
  resume(name: string): void;
  /** Ends it; it stays down, whatever its supervision, until it is restarted. Resolves when it is down. */
  stop(name: string): Promise<void>;
  /** Ends its life, if it has one, and begins another; what waits for it is kept. Throws what its start fails with. */
  restart(name: string): Promise<void>;
  /** Resolves when every agent on the shelf has started, or throws what one failed with. */
  started(): Promise<void>;
  /** Resolves when an agent that was taken off the shelf has stopped. */
  stopped(agent: Agent): Promise<void>;
  /** Resolves when those that are at work, or have something to take, have nothing more to do. */
  quiet(): Promise<void>;
  end(): Promise<void>;
}

const STOP_MS = 5000;

export function createAgents(
  host: SupervisionHost & Pick<AgentHost, "ready"> & { readonly bus: Bus; readonly invoker: Invoker },
): Agents {
  const present = new Map<Agent, AgentCell>();
  // Weakly: who still holds a stopped agent is refused by its cell, not let past it.
  const gone = new WeakMap<Agent, AgentCell>();
  const stopping = new Set<AgentCell>();
  /** How often more than once an agent stands on the shelf: two versions of a plugin may bring the same object. */
  const again = new Map<AgentCell, number>();
  let order = 0;
  const supervision = createSupervision(host);
  const { hierarchy, failed } = supervision;
  const supervisorOf = (cell: AgentCell) => hierarchy.above(cell).name;
  const cellHost: AgentHost = { ...host, supervisorOf, failed };

  const unwatch = host.registry.watch((kind, thing, there) => {
    if (kind === "supervisor") hierarchy.changed(thing.name, () => order++);
    if (kind !== "agent") return;
    if (there) add(thing as Agent);
    else remove(thing as Agent);
  });
  const takeTurn: Middleware = (step, next) => {
    const agent = step.action as Agent;
    const cell = present.get(agent) ?? gone.get(agent);
    return cell === undefined ? next(step) : cell.takeTurn(step, next);
  };
  const unwrap = host.invoker.wrap(takeTurn, { place: "pacing", kinds: ["agent"] });

  function add(agent: Agent): void {
    const there = present.get(agent);
    if (there !== undefined) {
      again.set(there, (again.get(there) ?? 0) + 1);
      return;
    }
    checkAgent(agent);
    const cell = new AgentCell(cellHost, agent, order++);
    present.set(agent, cell);
    hierarchy.add(cell);
    host.bus.join(cell);
    void begin(cell);
  }

  function remove(agent: Agent): void {
    const cell = present.get(agent);
    if (cell === undefined) return;
    const more = again.get(cell) ?? 0;
    if (more > 1) again.set(cell, more - 1);
    else again.delete(cell);
    if (more > 0) return;
    present.delete(agent);
    gone.set(agent, cell);
    forget(cell);
    // Another of that name takes over what is said from now on: what this one took in, it finishes.
    const replaced = host.registry.find("agent", agent.name) !== undefined;
    void leave(cell, replaced ? "finish" : "refuse");
  }

  /** It comes back no more. */
  function forget(cell: AgentCell): void {
    cell.life?.mending?.release(cell);
    hierarchy.remove(cell);
  }

  function leave(cell: AgentCell, waiting: Waiting): Promise<void> | undefined {
    host.bus.leave(cell);
    const down = retire(cell, waiting);
    if (down === undefined) return undefined;
    stopping.add(cell);
    return down.finally(() => stopping.delete(cell));
  }

  function named(name: string): AgentCell {
    const cell = present.get(host.registry.get("agent", name) as Agent);
    if (cell === undefined) throw fail("kernel.closed", {}, { stack: false });
    return cell;
  }

  return {
    list: () => [...present.values()].map((cell) => cell.info),
    info: (agent) => present.get(agent)?.info,
    supervisors: () => hierarchy.list(present.values()),
    pause: (name) => named(name).pause(),
    resume: (name) => named(name).resume(),
    async stop(name) {
      const cell = named(name);
      cell.life?.mending?.release(cell);
      await retire(cell);
    },
    restart: async (name) => supervision.restart(named(name)),
    async started() {
      // Many have nothing to start: nobody waits for those.
      for (const { life } of present.values()) if (life?.started !== undefined) await life.started;
      for (const { status, life } of present.values()) if (status === "failed") throw life?.failure;
    },
    async stopped(agent) {
      if (!present.has(agent)) await gone.get(agent)?.life?.halting;
    },
    async quiet() {
      for (const { status, inbox } of present.values())
        if (status === "ready" || status === "busy") await inbox?.idle();
    },
    async end() {
      supervision.end();
      // A plugin that is being changed right now may still bring one: it is not begun, for nobody would end it.
      unwatch();
      const cells = [...stopping, ...present.values()].reverse();
      for (const cell of present.values()) forget(cell);
      present.clear();
      for (const cell of cells) gone.set(cell.agent, cell);
      // Its calls were cancelled; one that does not care must not keep the kernel from ending.
      await atMost(host.clock, STOP_MS, Promise.all(cells.map((cell) => leave(cell, "refuse"))));
      unwrap();
    },
  };
}
