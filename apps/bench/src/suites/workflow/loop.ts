// 5d: a loop of a thousand turns, each of which adds one.
import type { Case, Subject } from "../../measure.ts";
import type { Peers } from "../../peer.ts";
import { ours, runs } from "./flow.ts";
import { loadEffect, loadLangGraph, loadMastra, loadXstate, runMachine, runMastra } from "./peers.ts";

const TURNS = 1000;

export function loopCase(peers: Peers): Case {
  const subjects = [limit, mofa, () => effect(peers), () => xstate(peers), () => mastra(peers), () => langGraph(peers)];
  return { name: "5d a loop of 1000 turns", subjects };
}

/** Plain async code. */
function limit(): Promise<Subject> {
  const add = async (n: number) => n + 1;
  const run = async () => {
    let n = 0;
    while (n < TURNS) n = await add(n);
    return n;
  };
  return runs("limit", { run, gives: TURNS });
}

function mofa(): Promise<Subject> {
  // biome-ignore-start lint/suspicious/noTemplateCurlyInString: references of the workflow.
  const body = { nodes: [{ id: "one", use: "add", with: { n: "${state}" } }], output: "${one}" };
  const nodes = [{ id: "turns", use: "loop", with: { times: TURNS, state: "${input.n}" }, body }];
  const definition = { name: "loop", version: "1.0.0", nodes, output: "${turns}" };
  // biome-ignore-end lint/suspicious/noTemplateCurlyInString: references of the workflow.
  return ours(definition, { n: 0 }, TURNS);
}

async function effect(peers: Peers): Promise<Subject | undefined> {
  const peer = await loadEffect(peers);
  if (peer === undefined) return undefined;
  const { Effect } = peer;
  type Looping = ReturnType<typeof Effect.succeed>;
  const loop = (n: number): Looping =>
    Effect.flatMap(
      Effect.promise(async () => n + 1),
      (next: number) => (next < TURNS ? loop(next) : Effect.succeed(next)),
    );
  return runs("effect", { run: () => Effect.runPromise(loop(0)), gives: TURNS });
}

async function xstate(peers: Peers): Promise<Subject | undefined> {
  const peer = await loadXstate(peers);
  if (peer === undefined) return undefined;
  const actions = peer.assign(({ event }) => ({ n: event.output }));
  const input = ({ context }: { readonly context: unknown }) => context;
  const isLast = ({ event }: { readonly event: { readonly output: number } }) => event.output === TURNS;
  const onDone = [
    { target: "end", guard: isLast, actions },
    { target: "turn", reenter: true, actions },
  ];
  const machine = peer.setup({ actors: { add: peer.fromPromise(async ({ input: { n } }) => n + 1) } }).createMachine({
    initial: "turn",
    context: { n: 0 },
    states: { turn: { invoke: { src: "add", input, onDone } }, end: { type: "final" } },
  });
  return runs("xstate", { run: () => runMachine(peer, machine), gives: TURNS });
}

async function mastra(peers: Peers): Promise<Subject | undefined> {
  const peer = await loadMastra(peers);
  if (peer === undefined) return undefined;
  const flow = peer.flow.dountil(peer.step("one"), async ({ inputData: { n } }) => n >= TURNS).commit();
  return runs("mastra", { run: () => runMastra(flow), gives: TURNS });
}

async function langGraph(peers: Peers): Promise<Subject | undefined> {
  const peer = await loadLangGraph(peers);
  if (peer === undefined) return undefined;
  const { StateGraph, Annotation, START, END } = peer;
  const compiled = new StateGraph(Annotation.Root({ n: Annotation() }))
    .addNode("one", async ({ n }) => ({ n: n + 1 }))
    .addEdge(START, "one")
    .addConditionalEdges("one", ({ n }) => (n < TURNS ? "one" : END))
    .compile();
  const options = { recursionLimit: TURNS + 10 };
  return runs("langgraph", { run: async () => (await compiled.invoke({ n: 0 }, options)).n, gives: TURNS });
}
