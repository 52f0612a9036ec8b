import type { Delivery, Draft } from "@mofa/kernel";
import { PRIORITIES } from "@mofa/kernel";
import type { Kernel } from "@mofa/kernel/host";
import { seededRandom } from "@mofa/kernel/testing";
import type { Work } from "./agents.ts";
import { ASKED, type Books } from "./books.ts";

export const INLINE = ["inline-0", "inline-1", "inline-2"] as const;
export const ISOLATED = ["worker-0", "worker-1", "process-0", "process-1"] as const;
/** Brought by plugins that are changed all the time. */
export const CHANGING = "changing";
export const TENANTS = ["north", "south", "frugal"] as const;

const AGENTS = [...INLINE, ...ISOLATED, CHANGING];
const MOST_OPEN = 1500;
// Once in so many rounds an isolated agent crashes or hangs.
const MISDEED = 200;

/** Puts a mixed load on a kernel; each call is one round of it. */
export function createLoad(kernel: Kernel, books: Books, seed: number): () => void {
  const random = seededRandom(seed);
  const upTo = (count: number) => Math.floor(random() * count);
  const one = <T>(list: readonly T[]): T => list[upTo(list.length)] as T;
  let count = 0;
  let round = 0;

  const key = (prefix: string) => `${prefix}${++count}`;
  const send = (draft: Draft) => kernel.send(draft);
  const work = (name: string): Work => (upTo(3) === 0 ? { key: name, ms: 1 + upTo(4) } : { key: name });

  function tell(to: string, deed?: "crash" | "hang" | "throw"): void {
    const type = key("m");
    const body: Work = deed === undefined ? work(type) : { key: type, deed };
    const say = (): Delivery | Promise<Delivery> => send({ to, type, body, priority: one(PRIORITIES) });
    books.tell(type, say);
  }

  function ask(): void {
    const name = key("a");
    const draft = { to: `agent:${one(AGENTS)}`, type: ASKED, body: work(name), priority: one(PRIORITIES) };
    // Some wait for less time than it takes.
    const timeout = upTo(20) === 0 ? 1 : 30_000;
    books.begin("ask", name, () => kernel.request(draft, { timeout, tenant: one(TENANTS) }));
  }

  function invoke(): void {
    const name = key("i");
    const controller = new AbortController();
    const agent = kernel.get("agent", one(AGENTS));
    books.begin("invoke", name, () =>
      kernel.invoke(agent, work(name), { signal: controller.signal, tenant: one(TENANTS) }),
    );
    if (upTo(20) === 0) controller.abort(new Error("changed my mind"));
  }

  function submit(): void {
    const name = key("t");
    const wants = one([{ role: "any" }, { capabilities: ["work"] }, { agent: one(INLINE) }]);
    const more = { priority: one(PRIORITIES), tenant: one(TENANTS), preemptible: upTo(2) === 0 };
    books.begin("task", name, () => {
      const task = kernel.scheduler.submit({ ...wants, ...more, input: work(name) });
      if (upTo(20) === 0) task.cancel("changed my mind");
      return task.result;
    });
  }

  return () => {
    round++;
    if (round % MISDEED === 0) tell(`agent:${one(ISOLATED)}`, one(["crash", "hang"]));
    if (books.size > MOST_OPEN) return;
    for (let n = 0; n < 4; n++) tell(`agent:${one(AGENTS)}`);
    if (round % 3 === 0) tell(one(["topic:news.sport", "topic:news.weather", "role:any", "role:any?one"]));
    if (round % 10 === 0) tell(one(["agent:nobody", `agent:${one(INLINE)}`]), "throw");
    ask();
    invoke();
    submit();
  };
}
