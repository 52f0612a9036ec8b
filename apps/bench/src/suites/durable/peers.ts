// The little that is used of the engines that keep runs.
import type { Peers } from "../../peer.ts";
import { type LangGraph, loadLangGraph, type MastraFlow, type Opaque } from "../workflow/peers.ts";

interface Said {
  readonly text: string;
}

interface MastraParts {
  readonly core: {
    readonly Mastra: new (options: unknown) => { getWorkflow(name: string): MastraFlow };
  };
  readonly workflows: {
    createWorkflow(options: unknown): MastraFlow;
    createStep(options: unknown): Opaque;
  };
  readonly store: { readonly LibSQLStore: new (options: { readonly id: string; readonly url: string }) => Opaque };
  readonly zod: { readonly z: { object(fields: unknown): unknown; string(): unknown } };
}

async function loadMastra(peers: Peers): Promise<MastraParts | undefined> {
  const core = await peers.load<MastraParts["core"]>("@mastra/core");
  const workflows = await peers.load<MastraParts["workflows"]>("@mastra/core/workflows");
  const store = await peers.load<MastraParts["store"]>("@mastra/libsql");
  const zod = await peers.load<MastraParts["zod"]>("zod");
  if (core === undefined || workflows === undefined || store === undefined || zod === undefined) return undefined;
  return { core, workflows, store, zod };
}

/** A row of steps of Mastra's that each give a text, kept in a file; runs it once. */
export async function mastraRow(
  peers: Peers,
  { file, steps, text }: RowOptions,
): Promise<(() => Promise<void>) | undefined> {
  const parts = await loadMastra(peers);
  if (parts === undefined) return undefined;
  const { core, workflows, store, zod } = parts;
  const schema = zod.z.object({ text: zod.z.string() });
  const both = { inputSchema: schema, outputSchema: schema };
  let flow = workflows.createWorkflow({ id: "row", ...both });
  for (let index = 0; index < steps; index++)
    flow = flow.then(workflows.createStep({ id: `n${index}`, ...both, execute: async () => ({ text }) }));
  const storage = new store.LibSQLStore({ id: "bench", url: `file:${file}` });
  const mastra = new core.Mastra({ workflows: { row: flow.commit() }, storage, logger: false });
  const kept = mastra.getWorkflow("row");
  return async () => {
    const run = await kept.createRun();
    const { status } = await run.start({ inputData: { text: "" } as never });
    if (status !== "success") throw new Error(`Mastra's run ended as "${status}".`);
  };
}

export interface RowOptions {
  readonly file: string;
  readonly steps: number;
  readonly text: string;
}

interface Saver {
  readonly db: { pragma(text: string): unknown; close(): void };
}

export interface LangRow {
  run(): Promise<void>;
  close(): void;
}

/** A row of nodes of LangGraph's that each give a text, kept in a file before the next one begins. */
export async function langGraphRow(
  peers: Peers,
  { file, steps, text, synchronous }: RowOptions & { readonly synchronous: "NORMAL" | "FULL" },
): Promise<LangRow | undefined> {
  const peer = await loadLangGraph(peers);
  const saver = await openSaver(peers, file, synchronous);
  if (peer === undefined || saver === undefined) return undefined;
  const { StateGraph, Annotation, START, END } = peer;
  const graph = new StateGraph(Annotation.Root({ text: Annotation() }));
  const path = [START, ...Array.from({ length: steps }, (_, index) => `n${index}`), END];
  for (const id of path.slice(1, -1)) graph.addNode(id, async () => ({ text }) as Said as never);
  for (const [index, id] of path.slice(1).entries()) graph.addEdge(path[index] ?? "", id);
  const compiled = graph.compile({ checkpointer: saver });
  let count = 0;
  return {
    async run() {
      const options = { configurable: { thread_id: `t${count++}` }, durability: "sync", recursionLimit: steps + 10 };
      await compiled.invoke({ text: "" } as Said as never, options);
    },
    close: () => saver.db.close(),
  };
}

/** One node of LangGraph's in a loop, which appends a text to a list each time, and so keeps them all. */
export async function langGraphLoop(peers: Peers, { file, steps, text }: RowOptions): Promise<LangRow | undefined> {
  const peer = (await loadLangGraph(peers)) as Lists | undefined;
  const saver = await openSaver(peers, file, "NORMAL");
  if (peer === undefined || saver === undefined) return undefined;
  const { StateGraph, Annotation, START, END } = peer;
  const list = Annotation({ reducer: (left, right) => left.concat(right), default: () => [] });
  const compiled = new StateGraph(Annotation.Root({ texts: list }))
    .addNode("one", async () => ({ texts: [text] }))
    .addEdge(START, "one")
    .addConditionalEdges("one", ({ texts }) => (texts.length < steps ? "one" : END))
    .compile({ checkpointer: saver });
  const options = { configurable: { thread_id: "t" }, durability: "sync", recursionLimit: steps + 10 };
  return {
    async run() {
      const { texts } = await compiled.invoke({ texts: [] }, options);
      if (texts.length !== steps) throw new Error(`LangGraph took ${texts.length} turns.`);
    },
    close: () => saver.db.close(),
  };
}

interface Texts {
  readonly texts: readonly string[];
}

/** LangGraph with a state that is a list. */
interface Lists extends Pick<LangGraph, "START" | "END"> {
  readonly StateGraph: new (state: Opaque) => ListBuilder;
  readonly Annotation: {
    (options: {
      reducer(left: readonly string[], right: readonly string[]): readonly string[];
      default(): readonly string[];
    }): Opaque;
    Root(fields: Readonly<Record<string, Opaque>>): Opaque;
  };
}

interface ListBuilder {
  addNode(name: string, run: () => Promise<Texts>): ListBuilder;
  addEdge(from: string, to: string): ListBuilder;
  addConditionalEdges(from: string, choose: (state: Texts) => string): ListBuilder;
  compile(options: unknown): { invoke(state: Texts, options: unknown): Promise<Texts> };
}

async function openSaver(peers: Peers, file: string, synchronous: "NORMAL" | "FULL"): Promise<Saver | undefined> {
  const name = "@langchain/langgraph-checkpoint-sqlite";
  const peer = await peers.load<{ SqliteSaver: { fromConnString(file: string): Saver } }>(name);
  const saver = peer?.SqliteSaver.fromConnString(file);
  saver?.db.pragma(`synchronous = ${synchronous}`);
  return saver;
}
