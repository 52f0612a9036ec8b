// Runs one graph: a node is started the moment it is due, nothing polls and nothing is scanned.
//
// 1. A node is due when all it comes after have ended and enough of its edges fired (with `first`: as soon as they have);
//    a node whose edges did not fire is skipped, and counts as ended.
// 2. A failure that no `node:failed` waits for fails the graph, which starts nothing more.
// 3. A node's identity under a run is its id within its graph's, so journals of one definition fit whatever the order.
// 4. Which nodes an early join began with is kept: a later life waits for the same ones.
import { type Call, isMofaError, type Json, toErrorJson } from "@mofa/kernel";
import { fail } from "../errors.ts";
import { StepFrame } from "../run/frame.ts";
import { failureOutput } from "./failure.ts";
import { type Finished, perform } from "./perform.ts";
import type { Plan, PlanEdge, PlanNode } from "./plan.ts";
import type { Saga } from "./saga.ts";
import type { Slots } from "./slots.ts";
import type { Scope } from "./template.ts";

type End = Finished | { readonly status: "failed"; readonly output: Json } | { readonly status: "skipped" };

/** What all graphs of one workflow share. */
export interface Shared {
  readonly workflow: string;
  readonly saga: Saga | undefined;
  readonly slots: Slots | undefined;
}

/** Where a graph runs. */
export interface GraphPlace {
  readonly call: Call;
  readonly shared: Shared;
  /** What it may refer to beside its nodes and what is around it. */
  readonly values: Readonly<Record<string, Json>>;
  /** What comes before the ids of its nodes in their keys, where its call is not its own. */
  readonly prefix: string;
  /** The graph around, and this one's place in it. */
  readonly outer: { readonly graph: GraphRun; readonly at: readonly number[] } | undefined;
}

/** A join that begins as soon as enough have arrived. */
interface Early {
  /** The nodes that it begins with. */
  readonly wanted: readonly number[];
  started: boolean;
}

const SKIPPED: End = { status: "skipped" };

export class GraphRun {
  readonly plan: Plan;
  readonly place: GraphPlace;
  readonly scope: Scope;
  /** How often the nodes that hold others were begun. */
  begun: Map<number, number> | undefined = undefined;
  readonly #ends: (End | undefined)[];
  readonly #open: number[];
  #left: number;
  #over = false;
  #early: Map<number, Early> | undefined = undefined;
  #resolve: (output: Json) => void = () => {};
  #reject: (error: unknown) => void = () => {};

  constructor(plan: Plan, place: GraphPlace) {
    this.plan = plan;
    this.place = place;
    this.scope = (root) => this.#look(root);
    this.#ends = new Array(plan.nodes.length);
    this.#open = plan.awaits.slice();
    this.#left = plan.nodes.length;
  }

  /** Runs it to its end and gives its output. */
  run(): Promise<Json> {
    if (this.plan.nested) this.plan.running.set(this.place.call, this);
    return new Promise((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
      this.#advance(this.plan.first.slice());
    });
  }

  // A queue instead of recursion: thousands of nodes may be skipped in a row.
  #advance(ready: PlanNode[]): void {
    for (const node of ready) {
      if (this.#isDue(node)) this.#start(node);
      else this.#settle(node, SKIPPED, ready);
    }
    if (this.#left === 0 && !this.#over) this.#end();
  }

  #start(node: PlanNode): void {
    const { call, shared, prefix } = this.place;
    const work = {
      step: node,
      settings: node.settings(node.early ? this.#scopeOfEarly(node) : this.scope),
      call,
      options: prefix === "" ? node.options : { ...node.options, key: prefix + node.id },
      slots: shared.slots,
    };
    perform(work).then(
      (end) => {
        if (node.undo !== undefined) shared.saga?.note(this, node, end.output);
        this.#ended(node, end);
      },
      (error: unknown) => this.#failed(node, error),
    );
  }

  #ended(node: PlanNode, end: End): void {
    if (this.#over) return;
    const ready: PlanNode[] = [];
    this.#settle(node, end, ready);
    this.#advance(ready);
  }

  #failed(node: PlanNode, error: unknown): void {
    if (this.#over) return;
    // The whole workflow is being stopped: that is nothing to catch.
    const stopped = this.place.call.signal.aborted;
    if (node.caught && !stopped) {
      this.#ended(node, { status: "failed", output: failureOutput(error) });
      return;
    }
    this.#over = true;
    this.#reject(stopped ? error : this.#failure(node, error));
  }

  /** Of nodes inside of each other, the innermost one is named. */
  #failure(node: PlanNode, error: unknown): unknown {
    const { workflow } = this.place.shared;
    const inside =
      isMofaError(error, "workflow.node_failed") && String(error.data["node"]).startsWith(`${node.label}.`);
    if (inside && error.data["workflow"] === workflow) return error;
    const reason = toErrorJson(error).message;
    return fail("workflow.node_failed", { workflow, node: node.label, reason }, { cause: error });
  }

  /** Notes how a node ended, and adds those that become ready by it. */
  #settle(node: PlanNode, end: End, ready: PlanNode[]): void {
    this.#ends[node.number] = end;
    this.#left--;
    for (const next of node.next) {
      const rest = (this.#open[next.number] ?? 0) - 1;
      this.#open[next.number] = rest;
      if (next.early) this.#arrive(next, rest, ready);
      else if (rest === 0) ready.push(next);
    }
  }

  /** An early join begins once, with the nodes that it began with in the run's first life. */
  #arrive(node: PlanNode, rest: number, ready: PlanNode[]): void {
    this.#early ??= new Map();
    let early = this.#early.get(node.number);
    const arrived = node.edges.filter((edge) => this.#fires(edge)).map(({ from }) => from);
    if (early === undefined && arrived.length >= node.least) {
      early = { wanted: this.#pin(node, arrived), started: false };
      this.#early.set(node.number, early);
    }
    if (early?.started === true) return;
    if (early?.wanted.every((number) => arrived.includes(number)) === true) early.started = true;
    else if (rest > 0) return;
    ready.push(node);
  }

  #pin(node: PlanNode, arrived: readonly number[]): readonly number[] {
    const { run } = this.place.call;
    if (!(run instanceof StepFrame)) return arrived;
    const ids = arrived.map((number) => this.plan.nodes[number]?.id ?? "");
    const kept = run.pin(`join:${node.id}`, ids) as readonly string[];
    return kept.map((id) => this.plan.numbers.get(id) ?? -1);
  }

  #isDue(node: PlanNode): boolean {
    const { edges, least } = node;
    if (node.early) return this.#early?.get(node.number)?.started === true;
    let fired = 0;
    for (const edge of edges) if (this.#fires(edge)) fired++;
    return fired >= least;
  }

  #fires({ from, outcome }: PlanEdge): boolean {
    const end = this.#ends[from];
    if (end === undefined || end.status === "skipped") return false;
    if (end.status === "failed") return outcome === "failed";
    return outcome === undefined || outcome === end.outcome;
  }

  /** What a reference's first name stands for. */
  #look(root: string): Json {
    const number = this.plan.numbers.get(root);
    if (number !== undefined) return outputOf(this.#ends[number]);
    const { values, outer } = this.place;
    if (Object.hasOwn(values, root)) return values[root] ?? null;
    return outer === undefined ? null : outer.graph.scope(root);
  }

  /** Who began early sees only those that it began with. */
  #scopeOfEarly(node: PlanNode): Scope {
    const began = this.#early?.get(node.number)?.wanted ?? [];
    const before = new Set(node.edges.map(({ from }) => from));
    return (root) => {
      const number = this.plan.numbers.get(root);
      const late = number !== undefined && before.has(number) && !began.includes(number);
      return late ? null : this.#look(root);
    };
  }

  #end(): void {
    this.#over = true;
    const { output, last } = this.plan;
    if (output !== undefined) {
      this.#resolve(output(this.scope));
      return;
    }
    const finished = last.filter(({ number }) => this.#ends[number]?.status !== "skipped");
    this.#resolve(Object.fromEntries(finished.map(({ id, number }) => [id, outputOf(this.#ends[number])])));
  }
}

function outputOf(end: End | undefined): Json {
  return end === undefined || end.status === "skipped" ? null : end.output;
}
