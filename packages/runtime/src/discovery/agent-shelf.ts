// The agents that a folder brings, and their budgets.
//
// 1. A new version of an agent is on the shelf before the one before it is taken off.
// 2. A budget belongs to a name: what was used of it counts on while the next version has the same one.
import type { Agent, Budget, PluginContext } from "@mofa/kernel";
import type { Placed } from "../folder/hot-units.ts";

/** An agent with a budget of its own, which comes and goes with it. */
export interface BoundedAgent {
  readonly agent: Agent;
  /** The most that it may use up, over all of its turns. */
  readonly budget?: Pick<Budget, "limits" | "per" | "keep">;
}

export interface AgentShelf {
  /** Puts an agent in place of what its file brought before, and gives what takes it back. */
  place(bounded: BoundedAgent, before: Placed | undefined): Promise<() => void>;
}

interface Bound {
  readonly budget: NonNullable<BoundedAgent["budget"]>;
  readonly written: string;
  readonly takeAway: () => void;
}

/** Makes the shelf of one folder. */
export function createAgentShelf(ctx: Pick<PluginContext, "provide" | "get" | "own">): AgentShelf {
  const bounds = new Map<string, Bound>();
  /** Which version of an agent is the newest. */
  const newest = new Map<string, Agent>();
  ctx.own(() => {
    for (const { takeAway } of bounds.values()) takeAway();
    bounds.clear();
  });

  function bind(name: string, budget: BoundedAgent["budget"]): void {
    const before = bounds.get(name);
    const written = JSON.stringify(budget);
    if (before?.written === written) return;
    before?.takeAway();
    bounds.delete(name);
    try {
      if (budget !== undefined) add(name, budget, written);
    } catch (error) {
      // A version that is refused must not free the one before it.
      if (before !== undefined) add(name, before.budget, before.written);
      throw error;
    }
  }

  function add(name: string, budget: NonNullable<BoundedAgent["budget"]>, written: string): void {
    const takeAway = ctx.get("budgets", "kernel").add({ ...budget, name: `agent:${name}`, scope: "agent", of: name });
    bounds.set(name, { budget, written, takeAway });
  }

  return {
    async place({ agent, budget }, before) {
      const { name } = agent;
      // What cannot be bounded is not let in.
      bind(name, budget);
      const takeBack = ctx.provide("agent", agent);
      newest.set(name, agent);
      await before?.takeBack();
      return () => {
        takeBack();
        if (newest.get(name) !== agent) return;
        newest.delete(name);
        bind(name, undefined);
      };
    },
  };
}
