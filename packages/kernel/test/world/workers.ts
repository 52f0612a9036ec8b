import type { AnyAction } from "../../src/action.ts";
import type { Call } from "../../src/call.ts";
import { fail } from "../../src/errors.ts";
import type { Agent } from "../../src/kinds/agent.ts";
import type { Supervisor } from "../../src/kinds/supervisor.ts";
import type { Member } from "./lives.ts";
import { REDELIVER, ROLES, type World } from "./world.ts";

export const SUPERVISORS = ["s0", "s1", "s2", "kernel"] as const;

/** What is given to whoever works here. */
interface Given {
  readonly key: string;
}

const keyOf = (input: unknown) => (input as Given).key;

/** A tool that takes as long as it is let. */
export function randomTool(world: World, name: string): AnyAction & { readonly kind: "tool" } {
  return {
    kind: "tool",
    name,
    async run(input: unknown, call: Call) {
      world.ran(keyOf(input));
      await work(world, call, undefined);
      return keyOf(input);
    },
  };
}

/** An agent of a shape that comes by chance, whose lives and turns are watched. */
export function randomAgent(world: World, name: string): Agent {
  const { dice, lives } = world;
  const lasting = dice.chance(0.5);
  const agent: Agent = {
    kind: "agent",
    name,
    roles: ROLES.filter(() => dice.chance(0.5)),
    topics: dice.chance(0.3) ? [dice.one(["x.*", "x.one", ">"])] : [],
    capabilities: dice.chance(0.5) ? ["c"] : [],
    concurrency: 1 + dice.number(3),
    mailbox: randomMailbox(world),
    supervision: {
      ...(dice.chance(0.7) ? { supervisor: dice.one(SUPERVISORS) } : {}),
      restart: dice.one(["permanent", "permanent", "transient", "transient", "transient", "temporary"]),
      failsOn: dice.one(["crash", "crash", "error"]),
      redeliver: dice.number(REDELIVER + 1),
    },
    async run(input, call) {
      const key = keyOf(input);
      lives.begin(member, key, world.ledger.replays(key));
      world.begins(agent, key);
      world.ran(key);
      try {
        await work(world, call, member);
        return key;
      } finally {
        lives.end(member);
      }
    },
    ...(lasting ? lifeOf(world, () => member) : {}),
  };
  const member = lives.join(agent);
  return agent;
}

export function randomSupervisor({ dice }: World, name: string = dice.one(SUPERVISORS)): Supervisor {
  return {
    name,
    strategy: dice.one(["one-for-one", "one-for-all", "rest-for-one"]),
    maxRestarts: dice.number(6),
    within: 1000,
    backoff: { first: dice.number(50), longest: 400 },
    ...(dice.chance(0.6) ? { supervisor: dice.one(SUPERVISORS) } : {}),
  };
}

/** Invokes, asks, tells: from outside, or as a part of a call. */
export function randomWork(world: World, call?: Call): Promise<unknown> | undefined {
  const { dice, kernel } = world;
  const from = call === undefined ? kernel : call;
  const act = dice.one(["tell", "tell", "tell", "ask", "agent", "tool"] as const);
  if (act === "tell") {
    const sender = call?.action.kind === "agent" ? call.action.name : undefined;
    return void world.tell((draft) => from.send(draft), sender);
  }
  if (act === "ask") return world.ask((draft) => from.request(draft, world.options()));
  const things: readonly AnyAction[] = act === "agent" ? kernel.list("agent") : kernel.list("tool");
  const action = things.length === 0 ? undefined : dice.one(things);
  if (action === undefined) return undefined;
  const key = world.key("i");
  return world.begin(key, 1, () => from.invoke(action, { key }, world.options()));
}

function randomMailbox({ dice }: World) {
  const full = dice.one(["wait", "reject", "drop-oldest", "drop-newest"] as const);
  return dice.chance(0.5) ? { maxMessages: 1 + dice.number(4), full } : {};
}

function lifeOf(world: World, member: () => Member): Pick<Agent, "start" | "stop"> {
  const { dice, gates, lives } = world;
  return {
    async start(life) {
      lives.starts(member(), life);
      if (dice.chance(0.3)) await gates.pass(dice.chance(0.7) ? life.signal : undefined);
      if (world.mishap(0.1)) throw new Error("bad luck at the start");
      member().up = true;
    },
    async stop() {
      lives.stops(member());
      if (dice.chance(0.3)) await gates.pass();
      if (world.mishap(0.1)) throw new Error("bad luck at the stop");
    },
  };
}

/** A few things, one after the other; of what it begins, it awaits some. */
async function work(world: World, call: Call, member: Member | undefined): Promise<void> {
  const { dice, gates } = world;
  for (let steps = dice.number(3); steps > 0; steps--) {
    await gates.pass(dice.chance(0.6) ? call.signal : undefined);
    if (world.mishap(0.3)) await call.sleep(dice.number(30));
    if (!world.calm && world.fuel > 0 && dice.chance(0.5)) {
      world.fuel--;
      const part = randomWork(world, call);
      if (dice.chance(0.7)) await (dice.chance(0.7) ? part?.catch(() => {}) : part);
    }
    if (world.mishap(0.08)) throw new Error("bad luck");
    if (member !== undefined && world.mishap(0.1)) misfortune(world, member);
  }
}

/** What befalls the agent itself. */
export function misfortune({ dice }: World, { agent, life }: Member): void {
  const { name } = agent;
  const crash = fail("agent.crashed", { agent: name, reason: "bad luck" });
  if (life === undefined || dice.chance(0.4)) throw crash;
  if (dice.chance(0.7)) life.failed(new Error("bad luck"));
  else life.done();
}
