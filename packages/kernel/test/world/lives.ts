// What agents themselves see of their lives and turns, and what the events say of their statuses.
//
// 1. Never more turns of one agent than it declares, and none outside of a life.
// 2. A life begins after the turns of the one before and its `stop`; `stop` comes once for each start that succeeded.
// 3. Every change of status is in the table and goes on from a status that an agent of that name has.
// 4. While a message of low priority waits, at most so many others are begun before it.
import type { Event } from "../../src/event.ts";
import type { Agent, AgentLife } from "../../src/kinds/agent.ts";
import { TRANSITIONS } from "../../src/lifecycle.ts";

export interface Member {
  readonly agent: Agent;
  active: number;
  up: boolean;
  life: AgentLife | undefined;
  /** How often it was given what. */
  readonly given: Map<string, number>;
  /** Keys of what waits for it with low priority. */
  readonly low: Set<string>;
  /** How many others were begun since one of low priority waits. */
  passed: number;
}

const LOWEST_TURN = 16;

export class Lives {
  readonly problems: string[] = [];
  /** How often one of low priority was passed over at most. */
  longest = 0;
  readonly #low = new Set<string>();
  readonly #members = new Map<Agent, Member>();
  readonly #statuses = new Map<string, Map<string, number>>();

  join(agent: Agent): Member {
    const member = {
      agent,
      active: 0,
      up: agent.start === undefined,
      life: undefined,
      low: new Set<string>(),
      given: new Map<string, number>(),
      passed: 0,
    };
    this.#members.set(agent, member);
    return member;
  }

  of(agent: Agent): Member | undefined {
    return this.#members.get(agent);
  }

  all(): readonly Member[] {
    return [...this.#members.values()];
  }

  /** Hears of a message of low priority, whomever it is for. */
  isLow(key: string): void {
    this.#low.add(key);
  }

  /** Hears that a turn begins, of what was delivered `replays` times by hand since it came. */
  begin(member: Member, key: string, replays = 0): void {
    const { agent, low, given } = member;
    const times = (given.get(key) ?? 0) + 1;
    given.set(key, times);
    const { redeliver = 0 } = agent.supervision ?? {};
    if (key.startsWith("m") && times > (1 + redeliver) * (1 + replays)) this.#say(agent, `got ${key} ${times} times`);
    member.active++;
    if (member.active > (agent.concurrency ?? 1)) this.#say(agent, `has ${member.active} turns`);
    if (!member.up) this.#say(agent, `took ${key} outside of a life`);
    if (member.life?.signal.aborted === true) this.#say(agent, `took ${key} after the end of its life`);
    low.delete(key);
    if (this.#low.has(key) || low.size === 0) member.passed = 0;
    else member.passed++;
    this.longest = Math.max(this.longest, member.passed);
    if (member.passed >= LOWEST_TURN) this.#say(agent, `passed over ${[...low][0]} ${member.passed} times`);
  }

  end(member: Member): void {
    member.active--;
  }

  starts(member: Member, life: AgentLife): void {
    if (member.up) this.#say(member.agent, "starts while it is up");
    if (member.active > 0) this.#say(member.agent, "starts while it has turns");
    member.life = life;
  }

  stops(member: Member): void {
    if (!member.up) this.#say(member.agent, "stops while it is down");
    if (member.active > 0) this.#say(member.agent, "stops while it has turns");
    member.up = false;
    member.life = undefined;
  }

  readonly hear = (event: Event): void => {
    if (event.type === "message.dead" || event.type === "message.failed") {
      for (const { low } of this.#members.values()) low.delete(event.name);
      return;
    }
    if (event.type !== "agent.changed") return;
    const { name, from, to } = event;
    if (!(TRANSITIONS[from as never] as readonly string[]).includes(to))
      this.problems.push(`${name} went from ${from} to ${to}, which is not in the table`);
    const statuses = this.#statuses.get(name) ?? new Map<string, number>();
    this.#statuses.set(name, statuses);
    const before = statuses.get(from) ?? 0;
    if (from !== "created" && before === 0) this.problems.push(`${name} went to ${to} from ${from}, where it was not`);
    if (from !== "created") statuses.set(from, before - 1);
    statuses.set(to, (statuses.get(to) ?? 0) + 1);
  };

  /** What is wrong when the kernel has ended. */
  settle(): void {
    for (const { agent, active, up } of this.#members.values()) {
      if (active > 0) this.#say(agent, `still has ${active} turns`);
      if (up && agent.start !== undefined) this.#say(agent, "was not stopped");
    }
    for (const [name, statuses] of this.#statuses) {
      for (const [status, count] of statuses)
        if (count > 0 && status !== "stopped" && status !== "failed") this.problems.push(`${name} is still ${status}`);
    }
  }

  #say({ name }: Agent, what: string): void {
    this.problems.push(`${name} ${what}`);
  }
}
