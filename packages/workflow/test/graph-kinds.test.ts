import { definePlugin, type Json, type JsonObject } from "@mofa/kernel";
import type { Kernel } from "@mofa/kernel/host";
import { describe, expect, test } from "vitest";
import { type NodeDefinition, workflowAction } from "../src/index.ts";
import { body, flowOf, runFlow, workNode } from "./flows.ts";
import { createWorld, turns } from "./world.ts";

/** The output of one node, given what is in it. */
async function outputOf(node: Omit<NodeDefinition, "id">, input: Json = {}) {
  const nodes = [{ id: "it", ...node } as NodeDefinition];
  const { output, error } = await runFlow(flowOf(nodes, { output: "${it}" }), input);
  return error === undefined ? output : error.because;
}

/** The outcome of a node: which of the nodes after it ran. */
async function outcomeOf(node: Omit<NodeDefinition, "id">, outcomes: readonly string[], input: Json = {}) {
  const afters = outcomes.map((outcome) => ({
    id: `after_${outcome}`,
    use: "work",
    with: { note: outcome },
    after: [`it:${outcome}`],
  }));
  const { did } = await runFlow(flowOf([{ id: "it", ...node } as NodeDefinition, ...afters]), input);
  return did.at(-1);
}

describe("switch", () => {
  const cases = [
    { name: "none", equals: null },
    { name: "small", path: "sum", below: 10 },
    { name: "vip", path: 'who["full name"]', in: ["ann", "bob"] },
    { name: "scripted", when: "input.sum > 100" },
  ].map((each) => (each.name === "none" ? { ...each, name: "nothing" } : each));
  const node = { use: "switch", with: { value: "${input}", cases } };
  const names = ["nothing", "small", "vip", "scripted", "else"];

  test.each<[Json, string]>([
    [null, "else"],
    [{ sum: 5 }, "small"],
    [{ sum: 50, who: { "full name": "bob" } }, "vip"],
    [{ sum: 500 }, "scripted"],
    [{ sum: 50 }, "else"],
  ])("ends %j with the case that holds first: %s", async (input, outcome) => {
    const without = { use: "switch", with: { value: "${input}", cases: cases.slice(1) } };
    if (input === null) expect(await outcomeOf(node, names, input)).toBe("nothing");
    else expect(await outcomeOf(without, names.slice(1), input)).toBe(outcome);
  });

  test("says when it is to order what is no number", async () => {
    expect(await outputOf(node, { sum: "much" })).toMatchObject({ code: "node.not_ordered" });
  });
});

describe("rule", () => {
  const rules = [
    { name: "slow", path: "speed", below: 10, gives: "slow lane" },
    { name: "blocked", path: "blocked", equals: true, priority: 10, gives: { stop: "${input.who}" } },
  ];

  test("gives what the rule of the highest priority that holds gives", async () => {
    const node = { use: "rule", with: { value: "${input}", rules } };
    const input = { speed: 5, blocked: true, who: "ann" };
    expect(await outputOf(node, input)).toEqual({ stop: "ann" });
    expect(await outcomeOf(node, ["slow", "blocked", "none"], input)).toBe("blocked");
    expect(await outcomeOf(node, ["slow", "blocked", "none"], { speed: 20, who: "" })).toBe("none");
  });

  test("with `match: all` gives all that hold", async () => {
    const node = { use: "rule", with: { value: "${input}", rules, match: "all" } };
    expect(await outputOf(node, { speed: 5, blocked: true, who: "ann" })).toEqual([
      { rule: "blocked", gives: { stop: "ann" } },
      { rule: "slow", gives: "slow lane" },
    ]);
  });
});

describe("parallel", () => {
  test("runs whole branches side by side and gives their outputs by name", async () => {
    const branch = (name: string) => ({
      nodes: [
        { id: "one", use: "work", with: { output: `\${input.x}${name}1` } },
        { id: "two", use: "work", with: { output: "${one}!" }, after: ["one"] },
      ],
      output: "${two}",
    });
    const output = await outputOf({ use: "parallel", branches: { left: branch("l"), right: branch("r") } }, { x: "x" });
    expect(output).toEqual({ left: "xl1!", right: "xr1!" });
  });

  test("fails with the first branch that does, and cancels the others at any depth", async () => {
    const { kind, letGo, cancelled } = workNode();
    const inner = { nodes: [{ id: "deep", use: "sub", body: body({ waits: "deep" }) }] };
    const flow = workflowAction(
      flowOf([
        {
          id: "p",
          use: "parallel",
          branches: { a: body({ waits: "a", fails: true }), b: inner, c: body({ waits: "c" }) },
        },
      ]),
    );
    await using life = await createWorld().live({
      bring(kernel) {
        kernel.provide("node", kind);
        kernel.provide("workflow", flow);
      },
    });
    const started = await life.engine.start(flow, {});
    await turns();
    letGo("a");
    await expect(started.result()).rejects.toMatchObject({ code: "workflow.node_failed", data: { node: "p.a.w" } });
    expect(cancelled.toSorted()).toEqual(["c", "deep"]);
  });

  test("with `errors: collect` gives errors beside outputs, and ends as partial", async () => {
    const node = {
      use: "parallel",
      with: { errors: "collect" },
      branches: { good: body({ output: 1 }), bad: body({ fails: true }) },
    };
    expect(await outputOf(node)).toMatchObject({ good: 1, bad: { error: { code: "workflow.node_failed" } } });
    expect(await outcomeOf(node, ["partial"])).toBe("partial");
  });
});

describe("map", () => {
  test("gives the outputs in the order of the items, so many at a time", async () => {
    const node = {
      use: "map",
      with: { items: "${input}", concurrency: 2 },
      body: body({ output: { item: "${item}", at: "${index}" } }),
    };
    const nodes = [{ id: "it", ...node } as NodeDefinition];
    const { output, most } = await runFlow(flowOf(nodes, { output: "${it}" }), ["a", "b", "c", "d"]);
    expect(output).toEqual(["a", "b", "c", "d"].map((item, at) => ({ item, at })));
    expect(most).toBe(2);
  });

  test("begins nothing more after a failure", async () => {
    const node = {
      id: "m",
      use: "map",
      with: { items: [1, 2, 3, 4], concurrency: 1 },
      body: body({ note: "${item}", output: "${item}", fails: [2] }),
    };
    const { did, error } = await runFlow(flowOf([node]));
    expect({ did, node: error?.data?.["node"] }).toEqual({ did: [1, 2], node: "m.w" });
  });

  test("collects errors where that is wanted, and of nothing gives nothing", async () => {
    const node = {
      use: "map",
      with: { items: "${input}", errors: "collect" },
      body: body({ output: "${item}", fails: [2] }),
    };
    expect(await outputOf(node, [1, 2, 3])).toMatchObject([1, { error: { code: "workflow.node_failed" } }, 3]);
    expect(await outputOf(node, [])).toEqual([]);
  });

  test("refuses items that are no list, and its failure can be waited for", async () => {
    const node = { use: "map", with: { items: "${input}" }, body: body({}) };
    expect(await outputOf(node, "abc")).toMatchObject({ code: "input.invalid" });
    expect(await outcomeOf(node, ["failed"], "abc")).toBe("failed");
  });
});

describe("loop", () => {
  const count = (more: JsonObject) => ({
    use: "loop",
    with: { state: { n: 0 }, ...more },
    body: { nodes: [{ id: "w", use: "work", with: { note: "${state.n}", output: { n: "${turn}" } } }], output: "${w}" },
  });

  test.each<[string, JsonObject, Json]>([
    ["takes so many turns", { times: 3 }, { n: 2 }],
    ["takes none when told so", { times: 0 }, { n: 0 }],
    ["goes on while a condition holds", { while: { path: "n", below: 4 }, max: 10 }, { n: 4 }],
    ["goes on while a script says yes", { while: "input.n < 4", max: 10 }, { n: 4 }],
    ["ends when a condition holds after a turn", { until: { path: "n", equals: 2 }, max: 10 }, { n: 2 }],
    ["may end at its bound", { until: { path: "n", equals: 99 }, max: 3, atMax: "end" }, { n: 2 }],
  ])("%s", async (_, settings, state) => {
    expect(await outputOf(count(settings))).toEqual(state);
  });

  test("fails at its bound, or says so by its outcome", async () => {
    expect(await outputOf(count({ while: { path: "n", below: 99 }, max: 3 }))).toMatchObject({
      code: "node.loop_endless",
      data: { max: 3 },
    });
    expect(await outcomeOf(count({ while: { path: "n", below: 99 }, max: 3, atMax: "end" }), ["done", "max"])).toBe(
      "max",
    );
  });

  test("carries its state from turn to turn", async () => {
    const { did } = await runFlow(flowOf([{ id: "l", ...count({ times: 4 }) }]));
    expect(did).toEqual([0, 0, 1, 2]);
  });

  test("in a map in a loop sees what is around it", async () => {
    const inner = body({ note: ["${state}", "${item}", "${first}", "${input.x}"], output: "${item}" });
    const around = {
      nodes: [{ id: "m", use: "map", with: { items: ["a", "b"], concurrency: 1 }, body: inner }],
      output: "${turn}",
    };
    const { did } = await runFlow(
      flowOf([
        { id: "first", use: "work", with: { output: 7 } },
        { id: "l", use: "loop", with: { times: 2, state: "s" }, body: around, after: ["first"] },
      ]),
      { x: "x" },
    );
    expect(did).toEqual([
      ["s", "a", 7, "x"],
      ["s", "b", 7, "x"],
      [0, "a", 7, "x"],
      [0, "b", 7, "x"],
    ]);
  });
});

describe("join", () => {
  const three = ["a", "b", "c"].map((id) => ({ id, use: "work", with: { output: id, as: "${input.as}" } }));

  test("gives the outputs of what it comes after", async () => {
    const nodes = [...three, { id: "j", use: "join", after: ["a", "b", "c"], join: "all" as const }];
    expect((await runFlow(flowOf(nodes, { output: "${j}" }), { as: "done" })).output).toEqual({
      a: "a",
      b: "b",
      c: "c",
    });
  });

  test("of so many needs so many edges", async () => {
    const nodes = (join: number) => [
      { id: "x", use: "work", with: { as: "yes" } },
      { id: "j", use: "work", with: { note: "joined" }, after: ["x:yes", "x:no", "x"], join },
    ];
    expect((await runFlow(flowOf(nodes(2)))).did).toEqual(["joined"]);
    expect((await runFlow(flowOf(nodes(3)))).did).toEqual([]);
  });

  test("of the first that arrive begins without the others, and sees only these", async () => {
    const { kind, letGo, did } = workNode();
    const racers = ["a", "b", "c"].map((id) => ({ id, use: "work", with: { waits: id, output: id } }));
    const flow = workflowAction(
      flowOf([
        ...racers,
        { id: "j", use: "join", after: ["a", "b", "c"], join: { first: 2 } },
        { id: "k", use: "work", with: { note: "${j}" }, after: ["j"] },
      ]),
    );
    await using life = await createWorld().live({
      bring(kernel) {
        kernel.provide("node", kind);
        kernel.provide("workflow", flow);
      },
    });
    const started = await life.engine.start(flow, {});
    for (const id of ["c", "a"]) {
      await turns();
      letGo(id);
    }
    await turns();
    expect(did).toEqual([{ a: "a", b: null, c: "c" }]);
    letGo("b");
    expect(await started.result()).toEqual({ k: null });
  });
});

describe("wait", () => {
  test("waits for a duration or until a time, also when that has passed", async () => {
    const world = createWorld();
    const flow = workflowAction(
      flowOf([
        { id: "a", use: "wait", with: { for: "2s" } },
        { id: "b", use: "wait", with: { until: "2026-01-01T00:00:10Z" }, after: ["a"] },
        { id: "c", use: "wait", with: { until: 5 }, after: ["b"] },
      ]),
    );
    await using life = await world.live({ bring: (kernel) => void kernel.provide("workflow", flow) });
    const started = await life.engine.start(flow, {});
    const ends: boolean[] = [];
    for (let second = 0; second < 11; second++) {
      await turns();
      ends.push((await started.status()) === "done");
      world.clock.jump(1000);
    }
    expect(ends.indexOf(true)).toBe(10);
  });
});

describe("sub", () => {
  test("runs its body as one node, with an input of its own or that of the workflow", async () => {
    const inner = body({ output: "${input.x}" });
    expect(await outputOf({ use: "sub", body: inner }, { x: 1 })).toBe(1);
    expect(await outputOf({ use: "sub", with: { input: { x: "${input.y}" } }, body: inner }, { y: 2 })).toBe(2);
  });

  test("is tried again as a whole", async () => {
    let tries = 0;
    const flaky = {
      kind: "node",
      name: "flaky",
      run: () => ({
        outcome: "done",
        output: (() => {
          if (++tries < 3) throw new Error("down");
          return tries;
        })(),
      }),
    } as const;
    const node = {
      id: "s",
      use: "sub",
      body: { nodes: [{ id: "f", use: "flaky" }], output: "${f}" },
      retry: { times: 3, backoff: 0 },
    };
    const { output } = await runFlow(
      flowOf([node], { output: "${s}" }),
      {},
      (kernel) => void kernel.provide("node", flaky),
    );
    expect(output).toBe(3);
  });
});

describe("task and publish", () => {
  test("task calls any action by kind and name, and says when it is none", async () => {
    const bring = (kernel: { provide(kind: "tool", tool: never): unknown }) =>
      void kernel.provide("tool", { kind: "tool", name: "double", run: (n: number) => n * 2 } as never);
    const task = (settings: JsonObject) => flowOf([{ id: "t", use: "task", with: settings }], { output: "${t}" });
    expect((await runFlow(task({ kind: "tool", name: "double", input: 4 }), {}, bring)).output).toBe(8);
    expect((await runFlow(task({ kind: "journal", name: "journal" }))).error?.because?.code).toMatch(
      /node.not_an_action|registry|not_found/,
    );
  });

  test("publish tells a topic once, though the run is taken up again", async () => {
    const world = createWorld();
    const heard: unknown[] = [];
    const listener = definePlugin({
      name: "listener",
      version: "1.0.0",
      setup: (ctx) => ctx.receive("topic:orders.*", ({ body: said }) => void heard.push(said)),
    });
    const { kind, letGo } = workNode();
    const flow = workflowAction(
      flowOf(
        [
          { id: "p", use: "publish", with: { to: "topic:orders.new", type: "order", body: { n: "${input.n}" } } },
          { id: "w", use: "work", with: { waits: "w" }, after: ["p"] },
        ],
        { output: "${p}" },
      ),
    );
    const bring = (kernel: Kernel) => {
      kernel.provide("node", kind);
      kernel.provide("workflow", flow);
      void kernel.plug(listener());
    };
    const first = await world.live({ bring });
    await first.engine.start(flow, { n: 3 }, { id: "r" });
    await turns();
    await first.kernel.end();
    await using second = await world.live({ bring });
    world.clock.jump(60);
    await turns();
    letGo("w");
    expect(await second.engine.open("r").result()).toMatchObject({ receivers: 1 });
    expect(heard).toEqual([{ n: 3 }]);
  });

  test("a workflow that runs itself is stopped", async () => {
    const { error } = await runFlow(flowOf([{ id: "again", use: "workflow", with: { workflow: "flow" } }]));
    expect(error?.message.includes("would be the 33th workflow inside of each other")).toBe(true);
  });
});

test("an id that is a name of the language's own is like any other", async () => {
  const nodes = [
    { id: "constructor", use: "work" },
    { id: "toString", use: "work", with: { output: 1 } },
  ];
  expect((await runFlow(flowOf(nodes))).output).toEqual({ constructor: null, toString: 1 });
  expect(await outputOf({ use: "sub", body: { nodes, output: ["${constructor.name}", "${toString}"] } })).toEqual([
    null,
    1,
  ]);
});

describe("limits of a node", () => {
  test("a workflow's concurrency bounds the nodes that work, at any depth", async () => {
    const many = { id: "m", use: "map", with: { items: [1, 2, 3, 4, 5] }, body: body({}) };
    const { most } = await runFlow(
      flowOf([many, { id: "n", use: "work" }, { id: "o", use: "work" }], { concurrency: 2 }),
    );
    expect(most).toBe(2);
  });

  test("an effect given to a node counts in place of its kind's", async () => {
    const world = createWorld();
    const { kind, did } = workNode();
    const flow = workflowAction(flowOf([{ id: "w", use: "work", with: { note: "once", waits: "w" }, effect: "once" }]));
    const bring = (kernel: Kernel) => {
      kernel.provide("node", kind);
      kernel.provide("workflow", flow);
    };
    const first = await world.live({ bring });
    await first.engine.start(flow, {}, { id: "r" });
    await turns();
    await first.kernel.end();
    await using second = await world.live({ bring });
    world.clock.jump(60);
    await turns(100);
    expect(await second.engine.open("r").status()).toBe("failed");
    await expect(second.engine.open("r").result()).rejects.toMatchObject({ cause: { code: "step.in_doubt" } });
    expect(did).toEqual(["once"]);
  });
});

test("a cancel reaches all that is at work, at any depth, and undoes nothing", async () => {
  const { kind, cancelled, did } = workNode();
  const inside = { nodes: [{ id: "deep", use: "map", with: { items: ["x", "y"] }, body: body({ waits: "${item}" }) }] };
  const undo = { use: "work", with: { note: "undone" } };
  const flow = workflowAction(
    flowOf([
      { id: "a", use: "work", compensate: undo },
      { id: "p", use: "parallel", branches: { one: inside, two: body({ waits: "z" }) }, after: ["a"] },
    ]),
  );
  await using life = await createWorld().live({
    bring(kernel) {
      kernel.provide("node", kind);
      kernel.provide("workflow", flow);
    },
  });
  const started = await life.engine.start(flow, {});
  await turns(40);
  await started.cancel("enough");
  await turns(40);
  expect([await started.status(), cancelled.toSorted(), did]).toEqual(["cancelled", ["x", "y", "z"], []]);
});

describe("compensate", () => {
  const undo = (id: string) => ({ use: "work", with: { note: ["undo", id, `\${${id}}`] } });
  const step = (id: string, more: Partial<NodeDefinition> = {}): NodeDefinition =>
    ({ id, use: "work", with: { note: id, output: `made by ${id}` }, compensate: undo(id), ...more }) as NodeDefinition;

  test("what has finished is undone, the last first, when the workflow fails; the failure stays", async () => {
    const { did, error } = await runFlow(
      flowOf([
        step("a"),
        step("b", { after: ["a"] }),
        step("never", { after: ["b:no"] }),
        step("c", { after: ["b"], with: { fails: true } }),
      ]),
    );
    expect(did).toEqual(["a", "b", ["undo", "b", "made by b"], ["undo", "a", "made by a"]]);
    expect(error).toMatchObject({ code: "workflow.node_failed", data: { node: "c" } });
  });

  test("nothing is undone when the workflow ends well, or the failure is waited for", async () => {
    const { did } = await runFlow(
      flowOf([
        step("a"),
        step("b", { after: ["a"], with: { fails: true } }),
        { id: "c", use: "work", after: ["b:failed"] },
      ]),
    );
    expect(did).toEqual(["a"]);
  });

  test("each turn inside of a node is undone, backwards", async () => {
    const each = { nodes: [step("s", { with: { note: "${item}", output: "${item}" } })] };
    const { did } = await runFlow(
      flowOf([
        { id: "m", use: "map", with: { items: [1, 2, 3], concurrency: 1 }, body: each },
        { id: "z", use: "work", with: { fails: true }, after: ["m"] },
      ]),
    );
    expect(did).toEqual([1, 2, 3, ["undo", "s", 3], ["undo", "s", 2], ["undo", "s", 1]]);
  });

  test("what cannot be undone is named, and the rest is undone all the same", async () => {
    const bad = { use: "work", with: { note: "undo b", fails: true }, retry: { times: 1, backoff: 0 } };
    const { did, error } = await runFlow(
      flowOf([
        step("a"),
        step("b", { after: ["a"], compensate: bad }),
        { id: "c", use: "work", with: { fails: true }, after: ["b"] },
      ]),
    );
    expect(did.slice(2)).toEqual(["undo b", "undo b", ["undo", "a", "made by a"]]);
    expect(error).toMatchObject({
      code: "workflow.not_undone",
      because: { code: "workflow.node_failed", data: { node: "c" } },
    });
  });
});
