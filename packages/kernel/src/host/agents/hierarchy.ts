// Who watches over whom.
//
// 1. Whoever names no supervisor, or one that is not there, is under the kernel; it moves when that one comes or goes.
// 2. Supervisors that name each other in a circle are under the kernel.
// 3. Members are in the order in which they came, agents and supervisors alike.
import { fail } from "../../errors.ts";
import type { SupervisorInfo } from "../../kinds/control.ts";
import type { Backoff, SupervisionStrategy, Supervisor } from "../../kinds/supervisor.ts";
import type { CallHost } from "../calls/live-call.ts";
import type { AgentCell } from "./agent-cell.ts";
import { type Bound, Setbacks } from "./mending.ts";

/** A supervisor that is there. */
export interface Node {
  readonly name: string;
  /** By when it came, among all that are supervised. */
  readonly order: number;
  /** What failed under it. */
  readonly under: Setbacks;
  /** How often it has itself failed. */
  readonly own: Setbacks;
}

export type Member = AgentCell | Node;

/** What a supervisor goes by, defaults and all. */
export interface Rules extends Bound {
  readonly strategy: SupervisionStrategy;
  readonly backoff: Required<Backoff>;
}

const ROOT = "kernel";
const STRATEGIES: readonly SupervisionStrategy[] = ["one-for-one", "one-for-all", "rest-for-one"];

export class Hierarchy {
  readonly root: Node = { name: ROOT, order: -1, under: new Setbacks(), own: new Setbacks() };
  readonly #host: CallHost;
  readonly #nodes = new Map<string, Node>();
  /** The agents that name a supervisor, by its name, whether it is there or not. */
  readonly #named = new Map<string, Set<AgentCell>>();

  constructor(host: CallHost) {
    this.#host = host;
  }

  add(cell: AgentCell): void {
    const name = cell.agent.supervision?.supervisor;
    if (name === undefined) return;
    const members = this.#named.get(name);
    if (members === undefined) this.#named.set(name, new Set([cell]));
    else members.add(cell);
  }

  remove(cell: AgentCell): void {
    const name = cell.agent.supervision?.supervisor;
    if (name === undefined) return;
    const members = this.#named.get(name);
    members?.delete(cell);
    if (members?.size === 0) this.#named.delete(name);
  }

  /** A supervisor came, went, or another of its name took its place. */
  changed(name: string, order: () => number): void {
    const supervisor = this.#find(name);
    if (supervisor === undefined) this.#nodes.delete(name);
    else {
      this.#complain(supervisor);
      if (name !== ROOT && !this.#nodes.has(name))
        this.#nodes.set(name, { name, order: order(), under: new Setbacks(), own: new Setbacks() });
    }
  }

  /** The supervisor of an agent. */
  above(cell: AgentCell): Node {
    return this.#nodeOf(cell.agent.supervision?.supervisor);
  }

  /** The supervisor of a supervisor. */
  parentOf(node: Node): Node {
    const parent = this.#nodeOf(this.#find(node.name)?.supervisor);
    const seen = new Set([node]);
    for (let next = parent; next !== this.root; next = this.#nodeOf(this.#find(next.name)?.supervisor)) {
      if (seen.has(next)) return this.root;
      seen.add(next);
    }
    return parent;
  }

  rulesOf(node: Node): Rules {
    const { strategy, maxRestarts, within, backoff = {} } = this.#find(node.name) ?? {};
    return {
      strategy: node === this.root || !isStrategy(strategy) ? "one-for-one" : strategy,
      maxRestarts: amount(maxRestarts, 3),
      within: amount(within, 5000),
      backoff: {
        first: amount(backoff.first, 100),
        factor: amount(backoff.factor, 2),
        longest: amount(backoff.longest, 30_000),
        jitter: Math.min(1, amount(backoff.jitter, 0.2)),
      },
    };
  }

  /** All agents of a member: itself, or those under it at any depth. */
  cellsOf(member: Member): readonly AgentCell[] {
    return "agent" in member ? [member] : this.#membersOf(member).flatMap((one) => this.cellsOf(one));
  }

  /** Who is restarted when a member fails. */
  groupOf(node: Node, member: Member): readonly AgentCell[] {
    const { strategy } = this.rulesOf(node);
    if (strategy === "one-for-one") return this.cellsOf(member);
    const members = this.#membersOf(node);
    const from = strategy === "one-for-all" ? 0 : members.indexOf(member);
    return members.slice(from).flatMap((one) => this.cellsOf(one));
  }

  list(cells: Iterable<AgentCell>): readonly SupervisorInfo[] {
    const lone = [...cells].filter((cell) => this.above(cell) === this.root);
    return [this.root, ...this.#nodes.values()].map((node) => this.#info(node, lone));
  }

  #info(node: Node, lone: readonly AgentCell[]): SupervisorInfo {
    const { strategy, maxRestarts, within } = this.rulesOf(node);
    const { name, under } = node;
    const now = this.#host.clock.now();
    const members = this.#membersOf(node, node === this.root ? lone : undefined).map(nameOf);
    const head = { name, strategy, maxRestarts, within, members };
    if (node !== this.root)
      return { ...head, failures: under.within(now, within), supervisor: this.parentOf(node).name };
    const failures = lone.reduce((sum, { life }) => sum + (life?.setbacks?.within(now, within) ?? 0), 0);
    return { ...head, failures };
  }

  #membersOf(node: Node, cells: Iterable<AgentCell> = this.#named.get(node.name) ?? []): readonly Member[] {
    const below = [...this.#nodes.values()].filter((other) => this.parentOf(other) === node);
    return [...cells, ...below].sort((left, right) => left.order - right.order);
  }

  #nodeOf(name: string | undefined): Node {
    return name === undefined ? this.root : (this.#nodes.get(name) ?? this.root);
  }

  #find(name: string): Supervisor | undefined {
    return this.#host.registry.find("supervisor", name) as Supervisor | undefined;
  }

  /** Says what of a supervisor cannot be followed: then the defaults hold. */
  #complain({ name, strategy, maxRestarts, within, backoff }: Supervisor): void {
    const wrong = Object.entries({ maxRestarts, within, ...backoff }).filter(
      ([, value]) => value !== undefined && !isAmount(value),
    );
    const fields = wrong.map(([field]) => field);
    if (strategy !== undefined && !isStrategy(strategy)) fields.push("strategy");
    if (fields.length === 0) return;
    const { write, clock } = this.#host;
    const { message, code } = fail("supervisor.bad", { name, fields: fields.join(", ") }, { stack: false });
    write({ at: clock.now(), level: "error", from: "agents", message, data: { code } });
  }
}

/** How a member is called. */
export function nameOf(member: Member): string {
  return "agent" in member ? member.address : `supervisor:${member.name}`;
}

function isStrategy(value: unknown): value is SupervisionStrategy {
  return STRATEGIES.some((strategy) => strategy === value);
}

function isAmount(value: unknown): value is number {
  return typeof value === "number" && value >= 0;
}

function amount(value: number | undefined, fallback: number): number {
  return isAmount(value) ? value : fallback;
}
