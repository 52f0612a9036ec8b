// What becomes of open runs when the code or the file that they run on has changed.
import { defineWorkflow } from "@mofa/kernel";
import type { Kernel } from "@mofa/kernel/host";
import { describe, expect, test } from "vitest";
import { workflowAction } from "../src/index.ts";
import { createWorld, type Life, pass, tool, turns, type World } from "./world.ts";

type Step = readonly [name: string, n: number];

/** What is done before and after a wait of a second: version A is stopped in that wait. */
interface Code {
  readonly before: readonly Step[];
  readonly after: readonly Step[];
}

const A: Code = {
  before: [
    ["one", 1],
    ["two", 2],
  ],
  after: [["three", 3]],
};

interface Cell extends Code {
  readonly change: string;
  /** What B gives after A had done "one 1" and "two 2". */
  readonly gives: readonly string[];
  /** Kept steps that B does not ask for. */
  readonly orphan?: string;
}

const [one, two] = A.before as readonly [Step, Step];
const { after } = A;

const cells: readonly Cell[] = [
  { change: "nothing", ...A, gives: ["A one 1", "A two 2", "B three 3"] },
  {
    change: "a step was added before the kept ones",
    before: [["zero", 0], one, two],
    after,
    gives: ["B zero 0", "A one 1", "A two 2", "B three 3"],
  },
  {
    change: "a step was added behind the wait",
    before: A.before,
    after: [["half", 2], ...after],
    gives: ["A one 1", "A two 2", "B half 2", "B three 3"],
  },
  {
    change: "an equal step was added",
    before: [one, two, two],
    after,
    gives: ["A one 1", "A two 2", "B two 2", "B three 3"],
  },
  { change: "a kept step was removed", before: [one], after, gives: ["A one 1", "B three 3"], orphan: "tool:two" },
  { change: "a step to come was removed", before: A.before, after: [], gives: ["A one 1", "A two 2"] },
  {
    change: "a kept step was renamed",
    before: [one, ["deux", 2]],
    after,
    gives: ["A one 1", "B deux 2", "B three 3"],
    orphan: "tool:two",
  },
  { change: "kept steps were reordered", before: [two, one], after, gives: ["A two 2", "A one 1", "B three 3"] },
  {
    change: "a kept step went behind the wait",
    before: [one],
    after: [...after, two],
    gives: ["A one 1", "B three 3", "A two 2"],
  },
  {
    change: "the input of a kept step was changed",
    before: [one, ["two", 22]],
    after,
    gives: ["A one 1", "B two 22", "B three 3"],
    orphan: "tool:two",
  },
  {
    change: "the input of a step to come was changed",
    before: A.before,
    after: [["three", 33]],
    gives: ["A one 1", "A two 2", "B three 33"],
  },
];

const NAMES = ["zero", "half", "one", "two", "deux", "three"];

/** Tools that give their version, name and input, and say when they were run, or run though they were kept. */
function tools(world: World, version: string) {
  const ran: string[] = [];
  const repeated: string[] = [];
  const all = NAMES.map((name) =>
    tool(name, ({ n }, call) => {
      const said = `${version} ${name} ${String(n)}`;
      ran.push(said);
      if (world.kept.has(call.run?.key ?? "")) repeated.push(said);
      return said;
    }),
  );
  const bring = (kernel: Kernel) => {
    for (const each of all) kernel.provide("tool", each);
  };
  return { all, bring, ran, repeated };
}

interface Version {
  readonly version: string;
  readonly accepts?: readonly string[];
}

async function liveOn(world: World, { before, after: rest }: Code, { version, accepts }: Version) {
  const own = tools(world, version);
  const flow = defineWorkflow({
    name: "flow",
    version,
    ...(accepts !== undefined && { accepts }),
    input: { type: "object" },
    async run(_, call) {
      const gives: unknown[] = [];
      const take = async (steps: readonly Step[]) => {
        for (const [name, n] of steps) {
          const found = own.all.find((each) => each.name === name);
          if (found !== undefined) gives.push(await call.invoke(found, { n }));
        }
      };
      await take(before);
      await call.sleep(1000);
      await take(rest);
      return gives;
    },
  });
  const life = await world.live({
    bring(kernel) {
      own.bring(kernel);
      kernel.provide("workflow", flow);
    },
  });
  return { ...own, life, flow };
}

/** A run that version A began, and whose process died while it waited. */
async function begunByA(world: World): Promise<void> {
  const { life, flow, ran } = await liveOn(world, A, { version: "A" });
  await life.engine.start(flow, {}, { id: "r" });
  await turns();
  expect(ran).toEqual(["A one 1", "A two 2"]);
  await die(world, life);
}

async function die(world: World, life: Life): Promise<void> {
  life.kill();
  await life.kernel.end();
  world.clock.jump(5000);
}

describe.each(cells)("$change", ({ before, after: rest, gives, orphan }) => {
  test("code that does not accept the version leaves the run alone and says why; the old version ends it", async () => {
    const world = createWorld();
    await begunByA(world);
    const kept = await world.journal.get("r");
    const b = await liveOn(world, { before, after: rest }, { version: "B" });
    await pass(world, 8000);
    const record = await b.life.engine.open("r").record();
    expect(b.ran).toEqual([]);
    expect(await world.journal.get("r")).toEqual(kept);
    expect(record.parked).toContain(
      'version "A" of the workflow "flow", and the one that is registered goes on with "B"',
    );
    expect(b.life.logged.filter((said) => said.includes('"r" is parked'))).toHaveLength(1);
    await die(world, b.life);
    const a = await liveOn(world, A, { version: "A" });
    await pass(world, 3000);
    expect(await a.life.engine.open("r").result()).toEqual(["A one 1", "A two 2", "A three 3"]);
    expect([a.ran, a.repeated]).toEqual([["A three 3"], []]);
    await a.life.kernel.end();
  });

  test("code that accepts the version runs what is new, nothing that is kept, and reports what it left out", async () => {
    const world = createWorld();
    await begunByA(world);
    const { life, ran, repeated } = await liveOn(world, { before, after: rest }, { version: "B", accepts: ["A"] });
    await pass(world, 8000);
    expect(await life.engine.open("r").result()).toEqual(gives);
    expect([ran, repeated]).toEqual([gives.filter((said) => said.startsWith("B")), []]);
    const reported = life.logged.filter((said) => said.includes("ended without asking for"));
    expect(reported).toEqual(orphan === undefined ? [] : [expect.stringContaining(`1 kept step(s) (${orphan}:`)]);
    await life.kernel.end();
  });
});

// A graph names each node once.
const inFiles = cells.filter(({ before, after: rest }) => {
  const names = [...before, ...rest].map(([name]) => name);
  return new Set(names).size === names.length;
});

describe.each(inFiles)("$change", ({ before, after: rest }) => {
  test("a changed file: open runs go on by their own definition, new ones by the new", async () => {
    const world = createWorld();
    const first = await liveOnFile(world, A);
    await first.life.engine.start(first.flow, {}, { id: "r" });
    await turns();
    expect(first.ran).toEqual(["file one 1", "file two 2"]);
    await die(world, first.life);
    const { life, flow, ran, repeated } = await liveOnFile(world, { before, after: rest });
    await pass(world, 8000);
    expect(await life.engine.open("r").result()).toEqual(outputOf(A));
    expect(ran).toEqual(["file three 3"]);
    await life.engine.start(flow, {}, { id: "s" });
    await pass(world, 3000);
    expect(await life.engine.open("s").result()).toEqual(outputOf({ before, after: rest }));
    expect(ran.slice(1)).toEqual([...before, ...rest].map(([name, n]) => `file ${name} ${n}`));
    expect(repeated).toEqual([]);
    await life.kernel.end();
  });
});

const outputOf = ({ before, after: rest }: Code) =>
  Object.fromEntries([...before, ...rest].map(([name, n]) => [name, `file ${name} ${n}`]));

async function liveOnFile(world: World, { before, after: rest }: Code) {
  const own = tools(world, "file");
  const node = ([name, n]: Step) => ({ id: name, use: "tool", with: { tool: name, input: { n } } });
  const chain = [...before.map(node), { id: "pause", use: "wait", with: { for: 1000 } }, ...rest.map(node)];
  const flow = workflowAction({
    name: "flow",
    version: "1",
    nodes: chain.map((each, index) => {
      const last = chain[index - 1];
      return last === undefined ? each : { ...each, after: [last.id] };
    }),
    output: Object.fromEntries([...before, ...rest].map(([name]) => [name, `\${${name}}`])),
  });
  const life = await world.live({
    bring(kernel) {
      own.bring(kernel);
      kernel.provide("workflow", flow);
    },
  });
  return { ...own, life, flow };
}
