import type { Plugin, PluginContext } from "../../src/plugin.ts";
import { randomAgent, randomSupervisor, randomTool } from "./workers.ts";
import { NAMES, type World } from "./world.ts";

export const PLUGINS = ["p0", "p1", "p2", "p3"] as const;

/** A plugin of a shape that comes by chance: it may wait, fail, need what is not there, or bring what others bring. */
export function randomPlugin(world: World, name: string): Plugin {
  const { dice, gates } = world;
  const bringings = [...randomBringings(world), ...(dice.chance(0.5) ? [randomReceiver(world)] : [])];
  const fails = world.mishap(0.15);
  const waits = dice.chance(0.2);
  const needs = dice.chance(0.2) ? [dice.one(["tool:t0", "plugin:p0", "plugin:p1?", "supervisor"])] : [];
  return {
    name,
    version: `1.0.${world.keys}`,
    needs: needs.filter((need) => !need.includes(name)),
    exclusive: dice.chance(0.15),
    drain: dice.one([0, 10, 5000]),
    async setup(ctx) {
      world.held++;
      ctx.own(() => void world.held--);
      ctx.watch({ type: "agent.changed" }, () => {});
      for (const bring of bringings) bring(ctx);
      if (waits) await gates.pass();
      if (fails) throw new Error("bad luck at set-up");
      return {
        snapshot: () => name,
        restore: () => {
          if (world.mishap(0.1)) throw new Error("bad luck at restoring");
        },
      };
    },
  };
}

type Bring = (ctx: PluginContext) => void;

function randomBringings(world: World): readonly Bring[] {
  const { dice } = world;
  return Array.from({ length: 1 + dice.number(3) }, (): Bring => {
    const what = dice.number(10);
    const tool = `t${dice.number(2)}`;
    const agent = dice.one(NAMES);
    // A version that comes again brings new ones: nothing of its last life is left.
    if (what === 0) return (ctx) => void ctx.provide("tool", randomTool(world, tool));
    if (what < 3) return (ctx) => void ctx.provide("supervisor", randomSupervisor(world));
    return (ctx) => void ctx.provide("agent", randomAgent(world, agent));
  });
}

function randomReceiver(world: World): Bring {
  const { dice, gates } = world;
  const topic = dice.one(["topic:x.*", "topic:x.one"]);
  return (ctx) =>
    ctx.receive(
      topic,
      async (_, call) => {
        if (dice.chance(0.5)) await gates.pass(dice.chance(0.5) ? call.signal : undefined);
        if (world.mishap(0.2)) throw new Error("bad luck");
      },
      dice.chance(0.3) ? { maxMessages: 2, full: dice.one(["wait", "reject", "drop-oldest"]) } : {},
    );
}
