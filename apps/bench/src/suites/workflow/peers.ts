// The little that is used of the workflow engines.
import type { Peers } from "../../peer.ts";

/** Something of a peer's that only the peer looks into. */
export type Opaque = { readonly opaque: unique symbol };

interface Counted {
  readonly n: number;
}

export interface MastraFlow {
  then(step: Opaque): MastraFlow;
  parallel(steps: readonly Opaque[]): MastraFlow;
  map(to: (given: { readonly inputData: Readonly<Record<string, Counted>> }) => Promise<Counted>): MastraFlow;
  dountil(step: Opaque, until: (given: { readonly inputData: Counted }) => Promise<boolean>): MastraFlow;
  commit(): MastraFlow;
  createRun(): Promise<{
    start(input: { readonly inputData: Counted }): Promise<{ readonly status: string; readonly result?: Counted }>;
  }>;
}

interface MastraWorkflows {
  createWorkflow(options: unknown): MastraFlow;
  createStep(options: unknown): Opaque;
}

/** Mastra's flows without storage, and steps that add one. */
export interface Mastra {
  readonly flow: MastraFlow;
  step(id: string): Opaque;
}

export async function loadMastra(peers: Peers): Promise<Mastra | undefined> {
  const mastra = await peers.load<MastraWorkflows>("@mastra/core/workflows");
  const zod = await peers.load<{ z: { object(fields: unknown): unknown; number(): unknown } }>("zod");
  if (mastra === undefined || zod === undefined) return undefined;
  const schema = zod.z.object({ n: zod.z.number() });
  const execute = async ({ inputData }: { readonly inputData: Counted }) => ({ n: inputData.n + 1 });
  return {
    flow: mastra.createWorkflow({ id: "flow", inputSchema: schema, outputSchema: schema }),
    step: (id) => mastra.createStep({ id, inputSchema: schema, outputSchema: schema, execute }),
  };
}

/** Runs a flow of Mastra's and gives the number that comes out. */
export async function runMastra(flow: MastraFlow): Promise<number | undefined> {
  const run = await flow.createRun();
  const { result } = await run.start({ inputData: { n: 0 } });
  return result?.n;
}

export interface LangGraph {
  readonly StateGraph: new (state: Opaque) => LangBuilder;
  readonly Annotation: {
    (): Opaque;
    (options: { reducer(left: number, right: number): number; default(): number }): Opaque;
    Root(fields: Readonly<Record<string, Opaque>>): Opaque;
  };
  readonly START: string;
  readonly END: string;
}

interface LangBuilder {
  addNode(name: string, run: (state: Counted) => Promise<Partial<Counted>>): LangBuilder;
  addEdge(from: string | readonly string[], to: string): LangBuilder;
  addConditionalEdges(from: string, choose: (state: Counted) => string): LangBuilder;
  compile(options?: unknown): { invoke(state: Counted, options?: unknown): Promise<Counted> };
}

export function loadLangGraph(peers: Peers): Promise<LangGraph | undefined> {
  return peers.load<LangGraph>("@langchain/langgraph");
}

export interface Effects {
  readonly Effect: {
    succeed(value: unknown): Opaque;
    promise<T>(make: () => Promise<T>): Opaque;
    flatMap(effect: Opaque, to: (value: never) => Opaque): Opaque;
    map(effect: Opaque, to: (value: never) => unknown): Opaque;
    all(effects: readonly Opaque[], options: { readonly concurrency: "unbounded" }): Opaque;
    runPromise(effect: Opaque): Promise<unknown>;
  };
}

export function loadEffect(peers: Peers): Promise<Effects | undefined> {
  return peers.load<Effects>("effect");
}

export interface Xstate {
  setup(options: { readonly actors: Readonly<Record<string, Opaque>> }): { createMachine(machine: unknown): Opaque };
  fromPromise(run: (given: { readonly input: Counted }) => Promise<number>): Opaque;
  assign(change: (given: { readonly event: { readonly output: number } }) => Counted): Opaque;
  createActor(machine: Opaque): {
    subscribe(observer: { complete(): void; error(error: unknown): void }): unknown;
    start(): void;
    getSnapshot(): { readonly context: Counted };
  };
}

export function loadXstate(peers: Peers): Promise<Xstate | undefined> {
  return peers.load<Xstate>("xstate");
}

/** Runs a machine to its final state and gives the number in its context. */
export function runMachine(xstate: Xstate, machine: Opaque): Promise<number> {
  return new Promise((resolve, reject) => {
    const actor = xstate.createActor(machine);
    actor.subscribe({ complete: () => resolve(actor.getSnapshot().context.n), error: reject });
    actor.start();
  });
}
