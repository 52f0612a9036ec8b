// What becomes of an agent that fails.
//
// 1. A supervisor counts the failures of all its members together. The kernel counts those of each by itself, so that
//    one that keeps failing does not use up the patience with the others; and it restarts one for one.
// 2. A supervisor that gives up is restarted, as all that is under it, by the one above. What the kernel gives up is
//    down until an operator restarts it, and said in the log.
// 3. Of several failures that one restart makes good, the first is counted.
import { toErrorJson } from "../../error.ts";
import { fail } from "../../errors.ts";
import type { CallHost } from "../calls/live-call.ts";
import type { AgentCell } from "./agent-cell.ts";
import { Hierarchy, type Member, type Node, nameOf } from "./hierarchy.ts";
import { giveUp, lifeOf, report } from "./life.ts";
import { Mending, Setbacks } from "./mending.ts";

export type SupervisionHost = CallHost & {
  /** Hears of plugins whose agent was given up. */
  readonly fault?: ((plugin: string, error: unknown) => void) | undefined;
};

export interface Supervision {
  readonly hierarchy: Hierarchy;
  /** What an agent that failed, or ended though it is permanent (then without an error), comes to. */
  failed(cell: AgentCell, error: unknown): void;
  /** Brings one back because an operator asks; throws what its start fails with. */
  restart(cell: AgentCell): Promise<void>;
  /** From now on nothing is brought back. */
  end(): void;
}

export function createSupervision(host: SupervisionHost): Supervision {
  const { clock, ids } = host;
  const hierarchy = new Hierarchy(host);
  let ended = false;

  function setback(node: Node, member: Member, error: unknown): void {
    const rules = hierarchy.rulesOf(node);
    const now = clock.now();
    const own = setbacksOf(member);
    const ofMember = own.note(now, rules);
    const count = node === hierarchy.root ? ofMember : node.under.note(now, rules);
    if (count > rules.maxRestarts) {
      abandon(node, member, error);
      return;
    }
    const cells = hierarchy.groupOf(node, member).filter((cell) => cell.taking);
    const wait = own.wait(rules.backoff, ids.random);
    say(member, `${toErrorJson(error).message} ${sayGroup(cells)} restarted in ${Math.round(wait)} ms.`);
    const failed = "agent" in member ? member : undefined;
    void mend(new Mending(clock, { cells, wait, because: nameOf(member), failed }), member);
  }

  async function mend(mending: Mending, member: Member): Promise<void> {
    await mending.run();
    if (!("agent" in member)) member.own.recovered(clock.now());
  }

  /** Too many failures: the one above deals with it, or nobody does. */
  function abandon(node: Node, member: Member, error: unknown): void {
    const { maxRestarts, within } = hierarchy.rulesOf(node);
    if (node !== hierarchy.root) {
      node.under.forget();
      const spent = fail("supervisor.gave_up", { supervisor: node.name, maxRestarts, within }, { cause: error });
      setback(hierarchy.parentOf(node), node, spent);
      return;
    }
    const cells = hierarchy.cellsOf(member);
    say(member, `${toErrorJson(error).message} ${sayGroup(cells)} given up: too many failures within ${within} ms.`);
    for (const cell of cells) letGo(cell, error);
    void putDown(cells);
  }

  /** It takes no more work from now on. */
  function letGo(cell: AgentCell, error: unknown): void {
    const life = lifeOf(cell);
    life.mending?.release(cell);
    life.off = true;
    if (host.fault === undefined) return;
    const owner = host.registry.owner("agent", cell.agent);
    if (owner !== undefined && owner !== "host") host.fault(owner, error);
  }

  function say(member: Member, message: string): void {
    const first = hierarchy.cellsOf(member)[0];
    if (first !== undefined) report(first, message);
  }

  return {
    hierarchy,
    failed(cell, error) {
      const comesBack = cell.taking && !ended && cell.agent.supervision?.restart !== "temporary";
      // What is being brought back already needs no second restart.
      if (comesBack && cell.life?.mending !== undefined) return;
      const why = error ?? fail("agent.ended", { agent: cell.agent.name }, { stack: false });
      if (comesBack) {
        setback(hierarchy.above(cell), cell, why);
        return;
      }
      report(cell, `${toErrorJson(why).message} It is not restarted.`);
      letGo(cell, why);
      void giveUp(cell);
    },
    async restart(cell) {
      const life = lifeOf(cell);
      life.off = false;
      cell.inbox?.open();
      life.setbacks = undefined;
      life.held = false;
      await new Mending(clock, { cells: [cell], wait: 0, because: undefined }).run();
      if (cell.status === "failed") throw life.failure;
    },
    end() {
      ended = true;
    },
  };
}

function setbacksOf(member: Member): Setbacks {
  if (!("agent" in member)) return member.own;
  const life = lifeOf(member);
  life.setbacks ??= new Setbacks();
  return life.setbacks;
}

async function putDown(cells: readonly AgentCell[]): Promise<void> {
  // All at once: a turn of one may wait for what waits at another.
  for (const cell of cells) void cell.inbox?.close(cell.notTaking());
  for (const cell of cells.toReversed()) await giveUp(cell);
}

function sayGroup(cells: readonly AgentCell[]): string {
  if (cells.length === 1) return "It is";
  const names = cells.map(({ agent }) => agent.name);
  const shown = names.length > 5 ? `${names.slice(0, 5).join(", ")} and ${names.length - 5} more` : names.join(", ");
  return `${shown} are`;
}
