import {
  type Call,
  defineTool,
  isMofaError,
  type Json,
  type NodeKind,
  type NodeResult,
  type RunRecord,
} from "@mofa/kernel";
import type { Kernel } from "@mofa/kernel/host";
import { scriptedModel } from "@mofa/kernel/testing";
import { describe, expect, test } from "vitest";
import { type NodeDefinition, workflowAction } from "../src/index.ts";
import { createWorld, type LifeOptions, pass, turns, type World } from "./world.ts";

/** A node kind that ends as its `as` says, and notes that it ran. */
function fakeNode(ran: string[] = []) {
  const waiting = new Map<string, () => void>();
  const kind: NodeKind = {
    kind: "node",
    name: "fake",
    outcomes: ["yes", "no"],
    async run(
      { as = "done", output = null, waits, fails = 0 }: Readonly<Record<string, Json>>,
      call: Call,
    ): Promise<NodeResult> {
      const id = String(call.run?.key.replace(/^.*=|#.*$/g, ""));
      ran.push(id);
      if (waits === true) await new Promise<void>((resolve) => waiting.set(id, resolve));
      if (ran.filter((each) => each === id).length <= Number(fails)) throw new Error(`${id} is down`);
      if (as === "fail") throw new Error(`${id} broke`);
      return { outcome: String(as), output };
    },
  };
  return { kind, ran, letGo: (id: string) => waiting.get(id)?.() };
}

interface Ran {
  readonly output?: Json;
  readonly ran: readonly string[];
  readonly error?: RunRecord["error"];
}

const nodes = (list: Readonly<Record<string, Omit<NodeDefinition, "id" | "use">>>): readonly NodeDefinition[] =>
  Object.entries(list).map(([id, node]) => ({ id, use: "fake", ...node }) as NodeDefinition);

/** Runs a graph of fake nodes under a run to its end. */
async function run(graph: Parameters<typeof nodes>[0], output?: Json, input: Json = {}): Promise<Ran> {
  const { kind, ran } = fakeNode();
  const flow = workflowAction({
    name: "flow",
    version: "1",
    nodes: nodes(graph),
    ...(output !== undefined && { output }),
  });
  const world = createWorld();
  await using life = await world.live({
    bring(kernel) {
      kernel.provide("node", kind);
      kernel.provide("workflow", flow);
    },
  });
  const started = await life.engine.start(flow, input, { id: "r" });
  await started.result().catch(() => {});
  const { output: gave, error } = await started.record();
  return { ran, ...(gave !== undefined && { output: gave }), ...(error !== undefined && { error }) };
}

describe("a node", () => {
  test("begins when all it comes after have ended, and one edge has fired", async () => {
    const { ran } = await run({
      check: { with: { as: "yes" } },
      good: { after: ["check:yes"] },
      bad: { after: ["check:no"] },
      afterBad: { after: ["bad"] },
      join: { after: ["good", "bad"] },
      end: { after: ["afterBad", "join"] },
    });
    expect(ran).toEqual(["check", "good", "join", "end"]);
  });

  test("with `join: all` needs every edge", async () => {
    const graph = { check: { with: { as: "no" } }, left: { after: ["check:yes"] }, right: { after: ["check:no"] } };
    const any = await run({ ...graph, both: { after: ["left", "right"] } });
    const all = await run({ ...graph, both: { after: ["left", "right"], join: "all" } });
    expect([any.ran.includes("both"), all.ran.includes("both")]).toEqual([true, false]);
  });

  test("that comes after two outcomes of one node begins at either of them", async () => {
    const { ran } = await run({ check: { with: { as: "no" } }, next: { after: ["check:yes", "check:no"] } });
    expect(ran).toEqual(["check", "next"]);
  });

  test("runs beside others that are due", async () => {
    const { kind, ran, letGo } = fakeNode();
    const flow = workflowAction({
      name: "flow",
      version: "1",
      nodes: nodes({
        a: { with: { waits: true } },
        b: { with: { waits: true } },
        c: { after: ["b"] },
        d: { after: ["a", "c"] },
      }),
    });
    await using life = await createWorld().live({
      bring(kernel) {
        kernel.provide("node", kind);
        kernel.provide("workflow", flow);
      },
    });
    const started = await life.engine.start(flow, {});
    await turns();
    letGo("b");
    await turns();
    expect(ran).toEqual(["a", "b", "c"]);
    letGo("a");
    await started.result();
    expect(ran).toEqual(["a", "b", "c", "d"]);
  });

  test("sees the input and what ended before it; what was skipped is null, what failed is its error", async () => {
    const { output } = await run(
      {
        first: { with: { output: { total: 3 } } },
        never: { after: ["first:no"] },
        broken: { with: { as: "fail" }, after: ["first"] },
        last: {
          after: ["first", "never", "broken:failed"],
          with: {
            output: [
              "${first.total}",
              "${input.who} has ${first.total}",
              "${never.deep.er}",
              "${broken.error.message}",
            ],
          },
        },
      },
      "${last}",
      { who: "ann" },
    );
    expect(output).toEqual([3, "ann has 3", null, "broken broke"]);
  });
});

describe("a workflow", () => {
  test("gives what its output says, or the outputs of its last nodes", async () => {
    const graph = {
      a: { with: { output: 1 } },
      b: { after: ["a"], with: { output: 2 } },
      c: { after: ["a:no"] },
      d: { after: ["a"], with: { output: 4 } },
    };
    expect((await run(graph, { sum: "${b}", all: ["${d}"] })).output).toEqual({ sum: 2, all: [4] });
    expect((await run(graph)).output).toEqual({ b: 2, d: 4 });
  });

  test("fails with the failure that nobody waits for, named by its node", async () => {
    const { error, ran } = await run({ a: { with: { as: "fail" } }, b: { after: ["a"] } });
    expect(error).toMatchObject({
      code: "workflow.node_failed",
      data: { workflow: "flow", node: "a", reason: "a broke" },
      because: { message: "a broke" },
    });
    expect(ran).toEqual(["a"]);
  });

  test("goes on after a failure that some node waits for", async () => {
    const { output, ran } = await run({
      a: { with: { as: "fail" } },
      ok: { after: ["a"] },
      rescue: { after: ["a:failed"], with: { output: "saved" } },
    });
    expect({ output, ran }).toEqual({ output: { rescue: "saved" }, ran: ["a", "rescue"] });
  });

  test("is not led astray by an outcome that its node kind does not know", async () => {
    const { error } = await run({ a: { with: { as: "perhaps" } } });
    expect(error?.because).toMatchObject({
      code: "node.bad_outcome",
      data: { node: "a", outcome: "perhaps", known: "done, yes, no" },
    });
  });

  test("is refused when it starts where a node kind is missing, before any node has run", async () => {
    const flow = workflowAction({
      name: "flow",
      version: "1",
      nodes: [
        { id: "a", use: "tool", with: { tool: "x" } },
        { id: "b", use: "missing" },
      ],
    });
    await using life = await createWorld().live({ bring: (kernel) => void kernel.provide("workflow", flow) });
    await expect((await life.engine.start(flow, {})).result()).rejects.toMatchObject({
      code: "workflow.invalid",
      data: { problems: [{ path: "nodes[1].use" }] },
    });
  });

  test("runs without an engine too, as a plain action", async () => {
    const flow = workflowAction({
      name: "flow",
      version: "1",
      input: { type: "object", required: ["n"] },
      nodes: [{ id: "a", use: "tool", with: { tool: "double", input: "${input}" } }],
      output: "${a}",
    });
    await using life = await createWorld().live({ bring: (kernel) => void kernel.provide("tool", double) });
    expect(await life.kernel.invoke(flow, { n: 4 })).toBe(8);
    await expect(life.kernel.invoke(flow, {})).rejects.toMatchObject({ code: "input.invalid" });
  });

  test("of thousands of nodes that are all skipped ends all the same", async () => {
    const chain = Object.fromEntries(
      Array.from({ length: 5000 }, (_, n) => [`n${n}`, n === 0 ? {} : { after: [n === 1 ? "n0:no" : `n${n - 1}`] }]),
    );
    expect((await run(chain)).output).toEqual({});
  });
});

const double = defineTool({ name: "double", input: { type: "object" }, run: ({ n }) => Number(n) * 2 });

describe("retry and time-out of a node", () => {
  test("a failing node is tried again after pauses that double", async () => {
    const world = createWorld();
    const times: number[] = [];
    const kind: NodeKind = {
      kind: "node",
      name: "fake",
      run() {
        times.push(world.clock.now());
        if (times.length < 3) throw new Error("down");
        return { outcome: "done", output: times.length };
      },
    };
    const flow = workflowAction({
      name: "flow",
      version: "1",
      nodes: [{ id: "a", use: "fake", retry: { times: 2, backoff: "2s" } }],
      output: "${a}",
    });
    await using life = await world.live({
      bring(kernel) {
        kernel.provide("node", kind);
        kernel.provide("workflow", flow);
      },
    });
    const started = await life.engine.start(flow, {});
    for (let second = 0; second < 7; second++) {
      await turns();
      world.clock.jump(1000);
    }
    expect(await started.result()).toBe(3);
    expect(times.map((time) => time - (times[0] ?? 0))).toEqual([0, 2000, 6000]);
  });

  test("what stays wrong is not tried again", async () => {
    const flow = workflowAction({
      name: "flow",
      version: "1",
      nodes: [{ id: "a", use: "tool", with: { tool: "${input}" }, retry: { times: 5 } }],
    });
    await using life = await createWorld().live({ bring: (kernel) => void kernel.provide("workflow", flow) });
    const error: unknown = await (await life.engine.start(flow, {})).result().catch((thrown: unknown) => thrown);
    expect(isMofaError(error) && isMofaError(error.cause, "input.invalid")).toBe(true);
  });

  test("an attempt that takes too long has failed, and its failure can be waited for", async () => {
    const world = createWorld();
    const { kind } = fakeNode();
    const flow = workflowAction({
      name: "flow",
      version: "1",
      nodes: nodes({
        slow: { with: { waits: true }, timeout: "2s" },
        late: { after: ["slow:failed"], with: { output: "${slow.error.code}" } },
      }),
      output: "${late}",
    });
    await using life = await world.live({
      bring(kernel) {
        kernel.provide("node", kind);
        kernel.provide("workflow", flow);
      },
    });
    const started = await life.engine.start(flow, {});
    await turns();
    world.clock.jump(2100);
    expect(await started.result()).toBe("call.timed_out");
  });
});

describe("the nodes that come with it", () => {
  async function runNode(
    node: Omit<NodeDefinition, "id">,
    bring: (kernel: Kernel) => void,
    options: LifeOptions = {},
  ): Promise<unknown> {
    const flow = workflowAction({
      name: "flow",
      version: "1",
      nodes: [{ id: "it", ...node } as NodeDefinition],
      output: "${it}",
    });
    await using life = await createWorld().live({
      ...options,
      bring(kernel) {
        bring(kernel);
        kernel.provide("workflow", flow);
      },
    });
    return await (await life.engine.start(flow, { text: "hi", n: 3 })).result();
  }

  test("tool calls a tool", async () => {
    expect(
      await runNode(
        { use: "tool", with: { tool: "double", input: { n: "${input.n}" } } },
        (kernel) => void kernel.provide("tool", double),
      ),
    ).toBe(6);
  });

  test("agent lets an agent take a turn, with a session or an input of its own", async () => {
    const heard: unknown[] = [];
    const bring = (kernel: Kernel) =>
      void kernel.provide("agent", {
        kind: "agent",
        name: "ann",
        run: (input: unknown) => ({ heard: heard.push(input) }),
      });
    await runNode({ use: "agent", with: { agent: "ann", text: "${input.text}", session: "${input.n}" } }, bring);
    await runNode({ use: "agent", with: { agent: "ann", input: { any: 1 } } }, bring);
    expect(heard).toEqual([{ text: "hi", session: "3" }, { any: 1 }]);
  });

  test("model asks a model", async () => {
    const model = scriptedModel([{ text: "hello" }]);
    const reply = await runNode(
      { use: "model", with: { model: model.name, system: "be kind", text: "${input.text}" } },
      (kernel) => void kernel.provide("model", model),
    );
    expect(reply).toMatchObject({ text: "hello" });
  });

  test("workflow runs another workflow as a part of this one", async () => {
    const inner = workflowAction({
      name: "inner",
      version: "1",
      nodes: [{ id: "d", use: "tool", with: { tool: "double", input: "${input}" } }],
      output: "${d}",
    });
    const bring = (kernel: Kernel) => {
      kernel.provide("tool", double);
      kernel.provide("workflow", inner);
    };
    expect(await runNode({ use: "workflow", with: { workflow: "inner", input: { n: 21 } } }, bring)).toBe(42);
  });

  test("ask ends with the answer as its outcome", async () => {
    const world = createWorld();
    const flow = workflowAction({
      name: "flow",
      version: "1",
      nodes: [
        {
          id: "decide",
          use: "ask",
          with: { title: "Refund ${input.n}?", options: ["approve", "reject"], timeout: "10m", fallback: "reject" },
        },
        { id: "pay", use: "tool", with: { tool: "double", input: "${input}" }, after: ["decide:approve"] },
      ],
      output: { paid: "${pay}", decision: "${decide.value}", by: "${decide.by}" },
    });
    await using life = await world.live({
      bring(kernel) {
        kernel.provide("tool", double);
        kernel.provide("workflow", flow);
      },
    });
    const decided = await life.engine.start(flow, { n: 3 });
    const missed = await life.engine.start(flow, { n: 4 });
    await turns();
    const [first] = await life.engine.decisions({ run: decided.id });
    expect(first?.question.title).toBe("Refund 3?");
    await life.engine.decide(first?.token ?? "", { value: "approve", by: "ann" });
    expect(await decided.result()).toEqual({ paid: 6, decision: "approve", by: "ann" });
    // Who was parked meanwhile is taken up at the next look.
    await pass(world, 601_000);
    expect(await missed.result()).toEqual({ paid: null, decision: "reject", by: "fallback" });
  });

  test("a name that nobody bears is a failure that says so", async () => {
    await expect(
      runNode({ use: "tool", with: { tool: "duoble" } }, (kernel) => void kernel.provide("tool", double)),
    ).rejects.toThrow(/Did you mean "double"/);
  });
});

test("a run goes on with the definition it began with, though the workflow has changed meanwhile", async () => {
  const world: World = createWorld();
  const { kind, ran, letGo } = fakeNode();
  const version = (more: string) =>
    workflowAction({
      name: "flow",
      version: more,
      nodes: nodes({ a: { with: { output: more, waits: true } }, b: { after: ["a"], with: { output: more } } }),
      output: "${b}",
    });
  const bring = (more: string) => (kernel: Kernel) => {
    kernel.provide("node", kind);
    kernel.provide("workflow", version(more));
  };
  const first = await world.live({ bring: bring("old") });
  await first.engine.start(first.kernel.get("workflow", "flow"), {}, { id: "r" });
  await turns();
  await first.kernel.end();
  await using second = await world.live({ bring: bring("new") });
  world.clock.jump(60);
  await turns();
  letGo("a");
  expect([await second.engine.open("r").result(), ran]).toEqual(["old", ["a", "a", "b"]]);
  const fresh = await second.engine.start(second.kernel.get("workflow", "flow"), {});
  await turns();
  letGo("a");
  expect(await fresh.result()).toBe("new");
});
