// Runs a graph whose nodes may work at once: each is started the moment it is due, nothing polls and nothing is scanned.
//
// 1. A node counts those that it comes after; who brings the count to zero makes it ready.
// 2. After a failure that fails the graph, nothing is begun and nothing is told.
// 3. Which nodes an early join began with is kept: a later life waits for the same ones.
import type { InvokeOptions, Json, NodeKind } from "@mofa/kernel";
import { StepFrame } from "../run/frame.ts";
import type { GraphRun } from "./graph-run.ts";
import { type Finished, perform, toFinished } from "./perform.ts";
import type { PlanNode } from "./plan.ts";
import type { Scope } from "./template.ts";

/** A join that begins as soon as enough have arrived. */
interface Early {
  /** The nodes that it begins with. */
  readonly wanted: readonly number[];
  started: boolean;
}

export class SideBySide {
  readonly #graph: GraphRun;
  /** For each node, how many of those that it comes after have not ended. */
  readonly #open: number[];
  /** The nodes that became ready, in that order, and how many of them were begun or skipped. */
  readonly #ready: PlanNode[];
  #passed = 0;
  #left: number;
  #over = false;
  #early: Map<number, Early> | undefined = undefined;
  #resolve: ((output: Json) => void) | undefined = undefined;
  #reject: ((error: unknown) => void) | undefined = undefined;

  constructor(graph: GraphRun) {
    this.#graph = graph;
    this.#open = graph.plan.awaits.slice();
    this.#ready = graph.plan.first.slice();
    this.#left = graph.plan.nodes.length;
  }

  run(): Promise<Json> {
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#advance();
    });
  }

  // A queue instead of recursion: thousands of nodes may be skipped in a row.
  #advance(): void {
    for (;;) {
      const node = this.#ready[this.#passed];
      if (node === undefined) break;
      this.#passed++;
      if (this.#isDue(node)) {
        this.#start(node);
      } else {
        this.#graph.skip(node);
        this.#settle(node);
      }
    }
    if (this.#left > 0 || this.#over) return;
    this.#over = true;
    this.#resolve?.(this.#graph.output());
  }

  #start(node: PlanNode): void {
    const graph = this.#graph;
    const { call, shared } = graph.place;
    const settings = node.settings(node.early ? this.#scopeOfEarly(node) : graph);
    const options = graph.optionsOf(node);
    if (node.times === 0 && shared.slots === undefined) {
      this.#startOnce(node, settings, options);
      return;
    }
    perform({ step: node, settings, call, options, slots: shared.slots }).then(
      (end) => this.#finished(node, end),
      (error: unknown) => this.#failed(node, error),
    );
  }

  /** What `perform` does for a node that is neither tried again nor waits for a place, without a promise of its own. */
  #startOnce(node: PlanNode, settings: Json, options: InvokeOptions): void {
    const { call } = this.#graph.place;
    let kind: NodeKind;
    try {
      kind = call.get("node", node.use);
    } catch (error) {
      // A kind that is gone fails the node, not whoever looks for it; and later, as any other failure.
      void Promise.reject(error).catch((reason: unknown) => this.#failed(node, reason));
      return;
    }
    call.invoke(node.action(kind), settings, options).then(
      (result) => this.#gave(node, kind, result),
      (error: unknown) => this.#failed(node, error),
    );
  }

  #gave(node: PlanNode, kind: NodeKind, result: unknown): void {
    let end: Finished;
    try {
      end = toFinished(node, kind, result);
    } catch (error) {
      this.#failed(node, error);
      return;
    }
    this.#finished(node, end);
  }

  #finished(node: PlanNode, end: Finished): void {
    if (this.#over) {
      this.#graph.noteUndo(node, end.output);
      return;
    }
    this.#graph.finish(node, end);
    this.#settle(node);
    this.#advance();
  }

  #failed(node: PlanNode, error: unknown): void {
    if (this.#over) return;
    try {
      this.#graph.catch(node, error);
    } catch (failure) {
      this.#over = true;
      this.#reject?.(failure);
      return;
    }
    this.#settle(node);
    this.#advance();
  }

  /** Takes a node that has ended off the counts, and adds those that become ready by it. */
  #settle(node: PlanNode): void {
    this.#left--;
    for (const next of node.next) {
      const rest = (this.#open[next.number] ?? 0) - 1;
      this.#open[next.number] = rest;
      if (next.early) this.#arrive(next, rest);
      else if (rest === 0) this.#ready.push(next);
    }
  }

  #isDue(node: PlanNode): boolean {
    return node.early ? this.#early?.get(node.number)?.started === true : this.#graph.isDue(node);
  }

  /** An early join begins once, with the nodes that it began with in the run's first life. */
  #arrive(node: PlanNode, rest: number): void {
    this.#early ??= new Map();
    let early = this.#early.get(node.number);
    const arrived = node.edges.filter((edge) => this.#graph.fires(edge)).map(({ from }) => from);
    if (early === undefined && arrived.length >= node.least) {
      early = { wanted: this.#pin(node, arrived), started: false };
      this.#early.set(node.number, early);
    }
    if (early?.started === true) return;
    if (early?.wanted.every((number) => arrived.includes(number)) === true) early.started = true;
    else if (rest > 0) return;
    this.#ready.push(node);
  }

  #pin(node: PlanNode, arrived: readonly number[]): readonly number[] {
    const { plan, place } = this.#graph;
    const { run } = place.call;
    if (!(run instanceof StepFrame)) return arrived;
    const ids = arrived.map((number) => plan.nodes[number]?.id ?? "");
    const kept = run.pin(`join:${node.id}`, ids) as readonly string[];
    return kept.map((id) => plan.numbers.get(id) ?? -1);
  }

  /** Who began early sees only those that it began with. */
  #scopeOfEarly(node: PlanNode): Scope {
    const graph = this.#graph;
    const began = this.#early?.get(node.number)?.wanted ?? [];
    const before = new Set(node.edges.map(({ from }) => from));
    return {
      look: (root, number) => (before.has(number) && !began.includes(number) ? null : graph.look(root, number)),
    };
  }
}
