// 5c: a hundred nodes in ten layers, each after three of the layer before. Who has no graphs runs layer after layer.
import type { Case, Subject } from "../../measure.ts";
import type { Peers } from "../../peer.ts";
import { ours, runs } from "./flow.ts";
import { loadEffect, loadLangGraph, loadMastra, runMastra } from "./peers.ts";

const LAYERS = 10;
const WIDTH = 10;
const idOf = (layer: number, index: number) => `n${layer}_${index % WIDTH}`;
const layers = Array.from({ length: LAYERS }, (_, layer) =>
  Array.from({ length: WIDTH }, (__, index) => idOf(layer, index)),
);

/** What a node comes after. */
const before = (layer: number, index: number) =>
  layer === 0 ? [] : [0, 1, 2].map((step) => idOf(layer - 1, index + step));

export function dagCase(peers: Peers): Case {
  const subjects = [limit, mofa, () => effect(peers), () => mastra(peers), () => langGraph(peers)];
  return { name: "5c a graph of 100 nodes", subjects };
}

/** A promise for each node. */
function limit(): Promise<Subject> {
  const add = async (n: number) => n + 1;
  const run = async () => {
    let above: Promise<number>[] = layers.map(() => add(0));
    for (let layer = 1; layer < LAYERS; layer++) {
      const here = above;
      above = here.map((_, index) =>
        Promise.all([here[index], here[(index + 1) % WIDTH], here[(index + 2) % WIDTH]]).then(([n = 0]) => add(n)),
      );
    }
    return (await Promise.all(above))[0];
  };
  return runs("limit", { run, gives: LAYERS });
}

/** Each adds one to what the first one before it gave. */
function mofa(): Promise<Subject> {
  const nodes = layers.flatMap((ids, layer) =>
    ids.map((id, index) => {
      const after = before(layer, index);
      const n = after[0] === undefined ? "input.n" : after[0];
      return { id, use: "add", with: { n: `\${${n}}` }, ...(layer > 0 && { after }) };
    }),
  );
  const definition = { name: "dag", version: "1.0.0", nodes, output: `\${${idOf(LAYERS - 1, 0)}}` };
  return ours(definition, { n: 0 }, LAYERS);
}

async function effect(peers: Peers): Promise<Subject | undefined> {
  const peer = await loadEffect(peers);
  if (peer === undefined) return undefined;
  const { Effect } = peer;
  const layer = (numbers: readonly number[]) =>
    Effect.all(
      numbers.map((n) => Effect.promise(async () => n + 1)),
      { concurrency: "unbounded" },
    );
  const first = layer(new Array(WIDTH).fill(0));
  const all = layers.slice(1).reduce((above) => Effect.flatMap(above, layer as (value: never) => typeof first), first);
  const one = Effect.map(all, (([n]: readonly number[]) => n) as (value: never) => unknown);
  return runs("effect, layers", { run: () => Effect.runPromise(one), gives: LAYERS });
}

async function mastra(peers: Peers): Promise<Subject | undefined> {
  const peer = await loadMastra(peers);
  if (peer === undefined) return undefined;
  const flow = layers.reduce(
    (above, ids) =>
      above
        .parallel(ids.map((id) => peer.step(id)))
        .map(async ({ inputData }) => ({ n: inputData[ids[0] ?? ""]?.n ?? 0 })),
    peer.flow,
  );
  const ready = flow.commit();
  return runs("mastra, layers", { run: () => runMastra(ready), gives: LAYERS });
}

async function langGraph(peers: Peers): Promise<Subject | undefined> {
  const peer = await loadLangGraph(peers);
  if (peer === undefined) return undefined;
  const { StateGraph, Annotation, START, END } = peer;
  const sum = Annotation({ reducer: (left, right) => left + right, default: () => 0 });
  const graph = new StateGraph(Annotation.Root({ n: sum }));
  for (const id of layers.flat()) graph.addNode(id, async () => ({ n: 1 }));
  for (const [layer, ids] of layers.entries()) {
    for (const [index, id] of ids.entries()) {
      const after = before(layer, index);
      graph.addEdge(after.length === 0 ? START : after, id);
      if (layer === LAYERS - 1) graph.addEdge(id, END);
    }
  }
  const compiled = graph.compile();
  return runs("langgraph", { run: async () => (await compiled.invoke({ n: 0 })).n, gives: LAYERS * WIDTH });
}
