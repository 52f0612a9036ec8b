import {
  type Engine,
  fromErrorJson,
  type Journal,
  type NewTask,
  type Plugin,
  type Run,
  type RunAppend,
  toJson,
} from "@mofa/kernel";
import { testKernel } from "@mofa/kernel/testing";
import { type GatewayOptions, gateway } from "../src/index.ts";

/** A kernel with a gateway on any free port. */
export async function openGateway(options: GatewayOptions = {}, ...plugins: readonly Plugin[]) {
  let url = "";
  const listening = (address: string) => {
    url = address;
  };
  const kernel = await testKernel(...plugins, gateway({ port: 0, ...options, listening }));
  return { kernel, url, [Symbol.asyncDispose]: () => kernel.end() };
}

/** An engine that keeps runs in the newest journal, and works on none. */
export function fakeEngine(): Plugin {
  return {
    name: "fake-engine",
    version: "1.0.0",
    needs: ["journal"],
    setup(ctx) {
      const journal = ctx.find("journal") as Journal;
      const open = (id: string): Run => ({
        id,
        record: async () => {
          const record = await journal.get(id);
          if (record !== undefined) return record;
          throw refusal("run.not_found", `There is no run "${id}".`);
        },
        status: async () => (await open(id).record()).status,
        steps: () => journal.rows(id),
        result: async () => (await open(id).record()).output,
        cancel: async () => {},
        signal: async (name, body, given) =>
          journal.signal({ run: id, id: given?.id ?? ctx.ids.unique(), name, body: toJson(body) }),
        fork: async () => open(id),
        requeue: async () => void (await journal.requeue(id)),
        events: async function* () {},
      });
      const engine: Engine = {
        name: "fake",
        async start({ kind, name }, input, options) {
          const id = options?.id ?? ctx.ids.unique();
          await journal.create({ id, kind, name, input: toJson(input) });
          return open(id) as Run<never>;
        },
        open,
        list: (filter) => journal.list(filter),
        counts: () => journal.counts(),
        prune: (filter) => journal.prune(filter),
        decisions: (filter) => journal.tasks(filter),
        async decide(token, answer) {
          const { question } = (await journal.task(token)) ?? {};
          if (question?.options?.includes(String(answer.value)) === false)
            throw refusal("decision.bad_answer", `This does not answer "${question.title}".`);
          return journal.answer(token, answer);
        },
      };
      ctx.provide("engine", engine);
    },
  };
}

function refusal(code: string, message: string) {
  return fromErrorJson({ code, message, retryable: false });
}

/** Keeps a run with rows and questions, as an engine would. */
export async function keepRun(
  journal: Journal,
  run: { id: string; name: string; input?: object },
  part: Partial<RunAppend> & { tasks?: readonly NewTask[] } = {},
): Promise<void> {
  const claim = { worker: "worker-1", leaseMs: 60_000 };
  const { run: kept } = await journal.create(
    { kind: "workflow", input: {}, ...run } as Parameters<Journal["create"]>[0],
    claim,
  );
  const [outcome] = await journal.append([{ run: run.id, epoch: kept.epoch, seq: 0, rows: [], ...part }]);
  if (outcome !== "kept") throw new Error(`not kept: ${JSON.stringify(outcome)}`);
}
