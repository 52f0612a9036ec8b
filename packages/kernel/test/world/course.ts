import { toErrorJson } from "../../src/error.ts";
import type { TaskDraft } from "../../src/kinds/scheduler.ts";
import { PRIORITIES } from "../../src/message.ts";
import { PLUGINS, randomPlugin } from "./plugins.ts";
import { misfortune, randomAgent, randomSupervisor, randomTool, randomWork, SUPERVISORS } from "./workers.ts";
import { NAMES, openWorld, ROLES, TENANTS, type World } from "./world.ts";

const ACTS: readonly (readonly [number, (world: World) => void])[] = [
  [40, (world) => void randomWork(world)],
  [10, submit],
  [25, release],
  [4, (world) => world.cancelOne()],
  [9, changePlugin],
  [6, operate],
  [4, befall],
  [3, provide],
  [3, replay],
];

const MOST_GRACE = 100;
const WEIGHTED = ACTS.flatMap(([weight, act]) => Array.from({ length: weight }, () => act));

/** Lives through a world of chance to its end; gives what was not as it must be, and what it came to. */
export async function live(seed: number, steps: number): Promise<World> {
  const world = await openWorld(seed);
  const { dice, clock, kernel } = world;
  kernel.provide("tool", randomTool(world, "t1"));
  for (const name of SUPERVISORS.slice(0, dice.number(4))) kernel.provide("supervisor", randomSupervisor(world, name));
  for (const name of NAMES.slice(0, dice.number(NAMES.length))) kernel.provide("agent", randomAgent(world, name));
  for (const name of PLUGINS.slice(0, 3)) world.follow(`plug ${name}`, kernel.plug(randomPlugin(world, name)));
  for (let step = 0; step < steps; step++) {
    for (let acts = 1 + dice.number(4); acts > 0; acts--) dice.one(WEIGHTED)(world);
    if (dice.chance(0.7)) await world.breathe(dice.number(20));
    else await clock.advance(dice.number(80));
    world.check();
  }
  if (dice.chance(0.7)) await comeToRest(world);
  await end(world);
  world.settle();
  return world;
}

/** Lets everything that was begun come to its end while the kernel lives. */
async function comeToRest(world: World): Promise<void> {
  const { kernel, clock, gates } = world;
  world.calm = true;
  gates.openAll();
  // Agents may come back paused: what a plugin was about to bring comes when the changes before are made.
  for (let round = 0; round < 4; round++) {
    for (const { name, status } of kernel.agents()) if (status === "paused") attempt(() => kernel.resumeAgent(name));
    await clock.advance(10_000);
    // Who is restarted by hand gives its turns time, and two at work may wait for each other: neither ends by itself.
    for (const name of NAMES) if (world.pending.includes(`restartAgent ${name}`)) kernel.interrupt({ agent: name });
    for (const { name, status } of kernel.agents())
      if (round > 0 && status === "busy") kernel.interrupt({ agent: name });
    world.check();
  }
  // A pause cannot be undone while another of the same name covers the agent.
  const names = kernel.agents().map(({ name }) => name);
  if (kernel.agents().some(({ name, status }) => status === "paused" && count(names, name) > 1)) return;
  for (const { id, status, agent, reason } of kernel.scheduler.list()) {
    if (reason === undefined) world.problems.push(`the task ${id} is ${status} (${agent}) though nobody is at work`);
    kernel.scheduler.find(id)?.cancel();
  }
  await world.breathe();
  if (world.pending.length > 0) world.problems.push(`at rest, this has not ended: ${world.pending.join(", ")}`);
  const plugins = kernel.plugins().filter(({ name, status }) => status === "active" && name !== "in-memory");
  if (world.held !== plugins.length)
    world.problems.push(`at rest, ${plugins.length} plugins hold the things of ${world.held}`);
  if (kernel.counts().calls > 0) world.problems.push(`at rest, ${kernel.counts().calls} calls are in flight`);
  for (const { name, status, queued, active } of kernel.agents())
    if (queued + active > 0 || !["ready", "stopped", "failed"].includes(status))
      world.problems.push(`at rest, ${name} is ${status}, ${queued} waiting, ${active} in work`);
}

async function end(world: World): Promise<void> {
  const { kernel, dice, clock, gates } = world;
  for (let changes = dice.number(3); changes > 0; changes--) changePlugin(world);
  await world.breathe(dice.number(8));
  const ending = kernel.end(dice.chance(0.3) ? { grace: dice.number(MOST_GRACE) } : {});
  world.ended = true;
  world.follow("end", ending);
  for (let step = 0; step < 5; step++) {
    if (gates.size > 0) gates.release(dice.number(gates.size));
    await world.breathe(dice.number(10));
  }
  world.calm = true;
  gates.openAll();
  // Nothing has to wait for longer than the grace any more.
  await clock.advance(MOST_GRACE);
  await world.breathe(500);
  if (world.pending.length > 0) world.problems.push(`after the end, this has not: ${world.pending.join(", ")}`);
  const { calls, watchers } = kernel.counts();
  const { pending } = clock;
  if (calls + pending + world.held > 0 || watchers !== 1)
    world.problems.push(
      `left behind: ${calls} calls, ${watchers - 1} watchers, ${pending} timers, ${world.held} things of plugins`,
    );
}

function release({ dice, gates }: World): void {
  if (gates.size > 0) gates.release(dice.number(gates.size));
}

function submit(world: World): void {
  const { dice, kernel, clock } = world;
  const key = world.key("k");
  const preemptible = dice.chance(0.5);
  const wants = dice.one([{ agent: dice.one(NAMES) }, { role: dice.one(ROLES) }, { capabilities: ["c"] }]);
  const draft: TaskDraft = {
    ...wants,
    input: { key },
    priority: dice.one(PRIORITIES),
    tenant: dice.one(TENANTS),
    preemptible,
    unmatched: dice.one(["refuse", "park"]),
    ...(dice.chance(0.2) ? { deadline: clock.now() + dice.number(200) } : {}),
  };
  void world.begin(key, preemptible ? 6 : 1, () => {
    const task = kernel.scheduler.submit(draft);
    if (dice.chance(0.1))
      world.follow(
        "cancel",
        world.breathe(dice.number(30)).then(() => task.cancel()),
      );
    return task.result;
  });
}

function changePlugin(world: World): void {
  const { dice, kernel } = world;
  const name = dice.one(PLUGINS);
  const change = dice.one(["plug", "plug", "unplug", "replace", "replace", "replace", "rollback", "release"] as const);
  if (change === "plug" || change === "replace")
    world.follow(`${change} ${name}`, kernel[change](randomPlugin(world, name)));
  else world.follow(`${change} ${name}`, kernel[change](name));
}

function operate(world: World): void {
  const { dice, kernel } = world;
  const name = dice.one(NAMES);
  const act = dice.one([
    "pauseAgent",
    "pauseAgent",
    "resumeAgent",
    "resumeAgent",
    "stopAgent",
    "restartAgent",
    "restartAgent",
    "interrupt",
  ] as const);
  if (act === "interrupt") kernel.interrupt({ agent: name });
  else if (act === "stopAgent" || act === "restartAgent") world.follow(`${act} ${name}`, kernel[act](name));
  else attempt(() => kernel[act](name));
}

/** Some agent that has a life fails or is done by itself. */
function befall(world: World): void {
  const alive = world.lives.all().filter(({ life }) => life !== undefined);
  if (alive.length > 0) attempt(() => misfortune(world, world.dice.one(alive)));
}

function provide(world: World): void {
  const { dice, kernel } = world;
  const take = kernel.provide("agent", randomAgent(world, dice.one(NAMES)));
  if (dice.chance(0.7)) world.follow("take", world.breathe(dice.number(400)).then(take));
}

function replay(world: World): void {
  const { kernel, dice } = world;
  const letters = kernel.deadLetters.list();
  if (letters.length === 0) return;
  const { id, message, to } = dice.one(letters);
  world.ledger.replayed(message.type, to);
  world.follow(`replay ${message.type}`, kernel.deadLetters.replay(id));
}

/** Does what may be refused: with a reason that has a code. */
function attempt(act: () => void): void {
  try {
    act();
  } catch (error) {
    if (toErrorJson(error).code === "unknown") throw error;
  }
}

function count<T>(list: readonly T[], one: T): number {
  return list.filter((other) => other === one).length;
}
