// Three lives of one question. In the first two, LangGraph keeps its checkpoints in a MoFA store and the process "ends"
// while a human thinks; in the third, the same flow is a MoFA workflow.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { Command } from "@langchain/langgraph";
import { createMofa } from "@mofa/sdk";
import { sqlite } from "@mofa/sdk/persistence/sqlite";
import { workflow } from "@mofa/sdk/workflow";
import { supportGraph } from "./graph.ts";
import { StoreSaver } from "./saver.ts";
import { send, support, write } from "./workflow.ts";

const folder = await mkdtemp(join(tmpdir(), "mofa-from-langgraph-"));
const file = join(folder, "desk.db");
const say = (line: string) => console.log(`  ${line}`);
const thread = { configurable: { thread_id: "customer/17" } };
const question = "Where is my parcel?";

try {
  console.log("1. LangGraph with its checkpoints in a MoFA store");
  {
    await using mofa = await createMofa({ plugins: [sqlite(file)] });
    const graph = supportGraph(new StoreSaver(mofa.get("store", "sqlite")), say);
    await graph.invoke({ question }, thread);
    console.log("  … waits for a human; this life ends");
  }

  console.log("2. Another life, the same file");
  {
    await using mofa = await createMofa({ plugins: [sqlite(file)] });
    const saver = new StoreSaver(mofa.get("store", "sqlite"));
    const { sent } = await supportGraph(saver, say).invoke(new Command({ resume: "yes" }), thread);
    const removed = await saver.prune("customer/17", 1);
    console.log(`  sent: ${sent}; ${removed} documents of older checkpoints deleted`);
  }

  console.log("3. The same flow as a MoFA workflow, ended in mid-question too");
  let run: string;
  {
    await using mofa = await createMofa({ plugins: [sqlite(file), workflow()] });
    for (const tool of [write, send]) mofa.provide("tool", tool);
    mofa.provide("workflow", support);
    const started = await mofa.start(support, { question });
    run = started.id;
    await mofa.started();
    while ((await mofa.engine().decisions({ status: "open" })).length === 0) await setTimeout(10);
    console.log("  … waits for a human; this life ends");
  }
  {
    await using mofa = await createMofa({ plugins: [sqlite(file), workflow()] });
    for (const tool of [write, send]) mofa.provide("tool", tool);
    mofa.provide("workflow", support);
    const [decision] = await mofa.engine().decisions({ status: "open" });
    if (decision === undefined) throw new Error("The question was lost.");
    await mofa.engine().decide(decision.token, { value: "yes", by: "ann" });
    console.log(`  result: ${JSON.stringify(await mofa.engine().open(run).result())}`);
    const steps = (await mofa.engine().open(run).steps()).filter(({ type }) => type !== "begin");
    console.log(`  kept: ${steps.map(({ kind, name }) => `${kind} ${name}`).join(", ")}`);
  }
} finally {
  await rm(folder, { recursive: true, force: true });
}
