// What the simulated processes do: a workflow of everything that a run can wait for, and what must come of it.
import { type Call, defineTool, defineWorkflow, type Engine, type Tool } from "@mofa/kernel";
import { turns } from "../world.ts";

/** What happened in all processes together, seen from outside. */
export interface Outside {
  /** Keys of steps whose results the journal has. */
  readonly kept: ReadonlySet<string>;
  /** How often each step was begun, by its key. */
  readonly begun: Map<string, number>;
  /** Steps that were begun although the journal had their result. */
  readonly repeated: string[];
  /** Messages as they arrived, by their text. */
  readonly arrived: Map<string, Set<string>>;
}

export interface Result {
  readonly sum: number;
  readonly paid: "paid" | "in doubt";
  readonly answer: string;
  readonly heard: number | null;
  readonly child: number;
}

const input = { type: "object" };
const ITEMS = [0, 1, 2];

/** The actions of a process. */
export function createStory(outside: Outside, random: () => number, engine: () => Engine) {
  const step = (
    name: string,
    work: (given: Readonly<Record<string, number>>) => number | string,
    effect?: "once",
  ): Tool =>
    defineTool({
      name,
      input,
      ...(effect !== undefined && { effect }),
      async run(given, call) {
        const key = call.run?.key ?? "";
        if (outside.kept.has(key)) outside.repeated.push(key);
        outside.begun.set(key, (outside.begun.get(key) ?? 0) + 1);
        await turns(Math.floor(random() * 3));
        return work(given as Record<string, number>);
      },
    });
  const first = step("first", ({ n = 0, item = 0 }) => n * 10 + item);
  const second = step("second", ({ item = 0, value = 0 }) => {
    if (item === 1) throw new Error("there is no second for 1");
    return value + 1;
  });
  const pay = step("pay", () => "paid", "once");
  const child = defineWorkflow({
    name: "child",
    version: "1",
    input,
    async run({ n }, call) {
      const one = (await call.invoke(first, { n: Number(n), item: 9 })) as number;
      await call.sleep(200);
      return one * 2;
    },
  });
  const main = defineWorkflow({
    name: "main",
    version: "1",
    input,
    async run({ n }, call): Promise<Result> {
      const number = Number(n);
      const branches = await Promise.all(ITEMS.map((item) => branch(call, number, item)));
      const paid = (await call.invoke(pay, {}).catch(() => "in doubt")) as Result["paid"];
      await call.send({ to: "topic:news", type: "news", body: { run: call.run?.run ?? "" } });
      const started = engine().start(child, { n: number }, { under: call, queue: "narrow", tenant: `t${number % 2}` });
      const [answer, heard] = await Promise.all([
        call.ask({ title: "Go on?", options: ["yes", "no"] }),
        call.hear("paid", { timeout: 60_000 }),
      ]);
      const fromChild = (await (await started).result()) as number;
      return {
        sum: branches.reduce((all, each) => all + each, 0),
        paid,
        answer: String(answer.value),
        heard: heard === undefined ? null : Number(heard.body),
        child: fromChild,
      };
    },
  });

  async function branch(call: Call, n: number, item: number): Promise<number> {
    const one = (await call.invoke(first, { n, item })) as number;
    return (await call.invoke(second, { item, value: one }).catch(() => -1)) as number;
  }

  return { main, child };
}

/** What a run that was given a number must have come to, whatever happened meanwhile. */
export function rightResult(n: number, { paid, answer, heard }: Result): Result {
  const sum = ITEMS.map((item) => (item === 1 ? -1 : n * 10 + item + 1)).reduce((all, each) => all + each, 0);
  return { sum, paid, answer, heard: heard === null ? null : n, child: (n * 10 + 9) * 2 };
}
