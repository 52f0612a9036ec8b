// 5a: three nodes in a row, each of which adds one to what the one before gave.
import type { Case, Subject } from "../../measure.ts";
import type { Peers } from "../../peer.ts";
import { ours, runs } from "./flow.ts";
import { loadEffect, loadLangGraph, loadMastra, loadXstate, runMachine, runMastra } from "./peers.ts";

const IDS = ["a", "b", "c"];

export function rowCase(peers: Peers): Case {
  const subjects = [limit, mofa, () => effect(peers), () => xstate(peers), () => mastra(peers), () => langGraph(peers)];
  return { name: "5a three nodes in a row", subjects };
}

/** Plain async code. */
function limit(): Promise<Subject> {
  const add = async (n: number) => n + 1;
  return runs("limit", { run: async () => add(await add(await add(0))), gives: 3 });
}

function mofa(): Promise<Subject> {
  const definition = {
    name: "row",
    version: "1.0.0",
    nodes: [
      // biome-ignore-start lint/suspicious/noTemplateCurlyInString: references of the workflow.
      { id: "a", use: "add", with: { n: "${input.n}" } },
      { id: "b", use: "add", with: { n: "${a}" }, after: ["a"] },
      { id: "c", use: "add", with: { n: "${b}" }, after: ["b"] },
    ],
    output: "${c}",
    // biome-ignore-end lint/suspicious/noTemplateCurlyInString: references of the workflow.
  };
  return ours(definition, { n: 0 }, 3);
}

async function effect(peers: Peers): Promise<Subject | undefined> {
  const peer = await loadEffect(peers);
  if (peer === undefined) return undefined;
  const { Effect } = peer;
  const add = (n: number) => Effect.promise(async () => n + 1);
  const row = Effect.flatMap(Effect.flatMap(add(0), add), add);
  return runs("effect", { run: () => Effect.runPromise(row), gives: 3 });
}

async function xstate(peers: Peers): Promise<Subject | undefined> {
  const peer = await loadXstate(peers);
  if (peer === undefined) return undefined;
  const keep = peer.assign(({ event }) => ({ n: event.output }));
  const input = ({ context }: { readonly context: unknown }) => context;
  const state = (target: string) => ({ invoke: { src: "add", input, onDone: { target, actions: keep } } });
  const machine = peer.setup({ actors: { add: peer.fromPromise(async ({ input: { n } }) => n + 1) } }).createMachine({
    initial: "a",
    context: { n: 0 },
    states: { a: state("b"), b: state("c"), c: state("end"), end: { type: "final" } },
  });
  return runs("xstate", { run: () => runMachine(peer, machine), gives: 3 });
}

async function mastra(peers: Peers): Promise<Subject | undefined> {
  const peer = await loadMastra(peers);
  if (peer === undefined) return undefined;
  const flow = IDS.reduce((before, id) => before.then(peer.step(id)), peer.flow).commit();
  return runs("mastra", { run: () => runMastra(flow), gives: 3 });
}

async function langGraph(peers: Peers): Promise<Subject | undefined> {
  const peer = await loadLangGraph(peers);
  if (peer === undefined) return undefined;
  const { StateGraph, Annotation, START, END } = peer;
  const graph = new StateGraph(Annotation.Root({ n: Annotation() }));
  for (const id of IDS) graph.addNode(id, async ({ n }) => ({ n: n + 1 }));
  const path = [START, ...IDS, END];
  for (const [index, id] of path.slice(1).entries()) graph.addEdge(path[index] ?? "", id);
  const compiled = graph.compile();
  return runs("langgraph", { run: async () => (await compiled.invoke({ n: 0 })).n, gives: 3 });
}
