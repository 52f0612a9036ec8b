// The whole way of a task, for information: submitted, given to an agent of the role that has room, done, told.
import { createKernel } from "@mofa/kernel/host";
import { Gate, inBursts } from "../../burst.ts";
import type { Case, Subject } from "../../measure.ts";

const BURST = 1000;

export function wholeCase(): Case {
  return { name: "task: submit to result, 16 at a time", subjects: [mofa] };
}

async function mofa(): Promise<Subject> {
  const kernel = await createKernel();
  for (const name of ["ann", "bob", "cid", "dee"]) {
    kernel.provide("agent", { kind: "agent", name, roles: ["worker"], concurrency: 4, run: async (input) => input });
  }
  await kernel.started();
  const gate = new Gate();
  const arrive = () => gate.arrive();
  return {
    name: "mofa",
    turn: (times) =>
      inBursts(times, { size: BURST, gate }, (count) => {
        for (let input = 0; input < count; input++)
          void kernel.scheduler.submit({ role: "worker", input }).result.then(arrive);
      }),
    end: () => kernel.end(),
  };
}
