// The kernel as a whole, lived through by chance (see test/world). What is claimed of every world:
//
// - a message that was told ends once at each receiver, handled or a dead letter, or is refused to its sender;
// - requests, calls, tasks and changes of plugins settle once, with what was asked for or a reason that has a code;
// - agents change their status along the table, live one life at a time, and never have more turns than they declare;
// - a mailbox passes over low priority at most fifteen times; budgets count calls exactly and never let one too many pass;
// - at rest nothing waits; after the end there is no call, watcher or timer.
//
// MOFA_SEED=7 lives through one world again; MOFA_SEEDS=5000 through many.
import { expect, test } from "vitest";
import { live } from "../../test/world/course.ts";

const STEPS = 40;
const MANY = 100;
const { MOFA_SEED, MOFA_SEEDS = "150" } = process.env;
const seeds =
  MOFA_SEED === undefined ? Array.from({ length: Number(MOFA_SEEDS) }, (_, n) => n + 1) : [Number(MOFA_SEED)];

test("whatever happens, nothing is lost, done twice or left behind", {
  timeout: 60_000 + seeds.length * 1000,
}, async () => {
  const came = new Set<string>();
  for (const seed of seeds) {
    const world = await live(seed, STEPS);
    expect(world.problems.slice(0, 10), `MOFA_SEED=${seed}`).toEqual([]);
    for (const code of world.codes) came.add(code);
  }
  // It was worth something only if all of this came about.
  if (seeds.length >= MANY)
    expect([...came]).toEqual(
      expect.arrayContaining([
        "address.unknown",
        "agent.crashed",
        "agent.not_taking",
        "agent.reentrant",
        "agent.restarted",
        "budget.exceeded",
        "call.interrupted",
        "call.parent_ended",
        "call.timed_out",
        "kernel.closed",
        "mailbox.full",
        "message.dropped",
        "message.no_answer",
        "message.not_delivered",
        "plugin.needs_missing",
        "plugin.no_previous",
        "plugin.setup_failed",
        "plugin.twice",
        "task.cancelled",
        "task.deadline",
        "task.unmatched",
      ]),
    );
});
