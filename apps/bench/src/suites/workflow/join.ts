// 5b: three nodes at once, and one that adds up what they gave.
import type { Case, Subject } from "../../measure.ts";
import type { Peers } from "../../peer.ts";
import { ours, runs } from "./flow.ts";
import { loadEffect, loadLangGraph, loadMastra, loadXstate, runMachine, runMastra } from "./peers.ts";

const IDS = ["a", "b", "c"];

export function joinCase(peers: Peers): Case {
  const subjects = [limit, mofa, () => effect(peers), () => xstate(peers), () => mastra(peers), () => langGraph(peers)];
  return { name: "5b three nodes at once and a join", subjects };
}

/** Plain async code. */
function limit(): Promise<Subject> {
  const add = async (n: number) => n + 1;
  const run = async () => {
    const [a, b, c] = await Promise.all([add(0), add(0), add(0)]);
    return a + b + c;
  };
  return runs("limit", { run, gives: 3 });
}

/** The join gives the three numbers; adding them up is left out, which takes a node kind of one's own. */
function mofa(): Promise<Subject> {
  const definition = {
    name: "join",
    version: "1.0.0",
    nodes: [
      // biome-ignore-start lint/suspicious/noTemplateCurlyInString: references of the workflow.
      ...IDS.map((id) => ({ id, use: "add", with: { n: "${input.n}" } })),
      { id: "all", use: "join", with: { outputs: ["${a}", "${b}", "${c}"] }, after: IDS, join: "all" as const },
    ],
    output: "${all}",
    // biome-ignore-end lint/suspicious/noTemplateCurlyInString: references of the workflow.
  };
  return ours(definition, { n: 0 }, [1, 1, 1]);
}

async function effect(peers: Peers): Promise<Subject | undefined> {
  const peer = await loadEffect(peers);
  if (peer === undefined) return undefined;
  const { Effect } = peer;
  const add = (n: number) => Effect.promise(async () => n + 1);
  const all = Effect.all([add(0), add(0), add(0)], { concurrency: "unbounded" });
  const sum = Effect.map(all, ((numbers: readonly number[]) => total(numbers)) as (value: never) => unknown);
  return runs("effect", { run: () => Effect.runPromise(sum), gives: 3 });
}

async function xstate(peers: Peers): Promise<Subject | undefined> {
  const peer = await loadXstate(peers);
  if (peer === undefined) return undefined;
  const keep = peer.assign((({ context, event }: { context: { n: number }; event: { output: number } }) => ({
    n: context.n + event.output,
    // The peer gives its function more than is named of it here.
  })) as never);
  const region = {
    initial: "work",
    states: {
      work: { invoke: { src: "add", input: { n: 0 }, onDone: { target: "end", actions: keep } } },
      end: { type: "final" },
    },
  };
  const states = {
    all: { type: "parallel", states: { a: region, b: region, c: region }, onDone: "end" },
    end: { type: "final" },
  };
  const machine = peer
    .setup({ actors: { add: peer.fromPromise(async ({ input: { n } }) => n + 1) } })
    .createMachine({ initial: "all", context: { n: 0 }, states });
  return runs("xstate", { run: () => runMachine(peer, machine), gives: 3 });
}

async function mastra(peers: Peers): Promise<Subject | undefined> {
  const peer = await loadMastra(peers);
  if (peer === undefined) return undefined;
  const flow = peer.flow
    .parallel(IDS.map((id) => peer.step(id)))
    .map(async ({ inputData }) => ({ n: total(IDS.map((id) => inputData[id]?.n ?? 0)) }))
    .commit();
  return runs("mastra", { run: () => runMastra(flow), gives: 3 });
}

async function langGraph(peers: Peers): Promise<Subject | undefined> {
  const peer = await loadLangGraph(peers);
  if (peer === undefined) return undefined;
  const { StateGraph, Annotation, START, END } = peer;
  const sum = Annotation({ reducer: (left, right) => left + right, default: () => 0 });
  const graph = new StateGraph(Annotation.Root({ n: sum }));
  for (const id of IDS) graph.addNode(id, async () => ({ n: 1 })).addEdge(START, id);
  const compiled = graph
    .addNode("all", async () => ({}))
    .addEdge(IDS, "all")
    .addEdge("all", END)
    .compile();
  return runs("langgraph", { run: async () => (await compiled.invoke({ n: 0 })).n, gives: 3 });
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, n) => sum + n, 0);
}
