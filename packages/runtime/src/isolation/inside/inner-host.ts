// Everything that runs in an isolate: one agent, its turns, and what it lends to the kernel.
//
// 1. Every turn is answered once. What cannot cross is answered with an error that says so.
// 2. An action of this side can be called from the kernel only while its own caller waits for it.
import { type Agent, type AnyAction, type Call, toErrorJson } from "@mofa/kernel";
import { fail } from "../../errors.ts";
import { type FromIsolate, fromMaybe, type Spec, type ToIsolate, toMaybe } from "../wire.ts";
import { createAfar } from "./afar.ts";
import { createAsker } from "./asker.ts";
import { FarCall, type FarHost } from "./far-call.ts";
import { type ByContract, byContract, loadAgent } from "./load.ts";
import type { Port } from "./port.ts";

/** What the kernel may call here. */
interface Lent {
  readonly action: AnyAction;
  /** The call that it is a part of on this side. */
  readonly parent: Call | undefined;
  readonly run: ByContract;
}

type Take = { readonly [Message in ToIsolate as Message[0]]: (message: Message) => void };

/** Serves the kernel at the other end of a port. */
export function serve(port: Port): void {
  const { send, sendNow } = port;
  const asker = createAsker(send);
  const afar = createAfar();
  const calls = new Map<number, FarCall>();
  const lent = new Map<number, Lent>();
  const life = new AbortController();
  let agent: Agent | undefined;
  let own: Lent | undefined;
  let refs = 0;

  const host: FarHost = {
    afar,
    send,
    askFor: (turn) => (operation, signal) => asker.ask(turn, operation, signal),
    lend(action, parent, work) {
      const ref = ++refs;
      lent.set(ref, { action, parent, run: byContract(action) });
      return work(ref).finally(() => lent.delete(ref));
    },
  };

  async function start(spec: Spec): Promise<void> {
    try {
      agent = await loadAgent(spec);
      own = { action: agent, parent: undefined, run: byContract(agent) };
      await agent.start?.({
        signal: life.signal,
        failed: (error) => send(["life.failed", toErrorJson(error)]),
        done: () => send(["life.done"]),
      });
      send(["ready"]);
    } catch (error) {
      send(["failed", toErrorJson(error)]);
    }
  }

  async function turn([, id, ref, input, head]: ToIsolate & readonly ["turn", ...unknown[]]): Promise<void> {
    const work = ref === 0 ? own : lent.get(ref);
    let reply: FromIsolate;
    try {
      // Its caller may have gone on without it.
      if (work === undefined) throw fail("isolation.turn_over", { agent: agent?.name ?? "" }, { stack: false });
      const call = new FarCall(host, { turn: id, action: work.action, parent: work.parent, head });
      calls.set(id, call);
      reply = ["done", id, toMaybe(await work.run(fromMaybe(input), call))];
    } catch (error) {
      reply = ["error", id, toErrorJson(error)];
    }
    calls.delete(id);
    // The last one takes along what waits; until then, others may end in the same turn of the event loop.
    const post = calls.size === 0 ? sendNow : send;
    post(reply);
  }

  async function stop(): Promise<void> {
    life.abort(fail("isolation.turn_over", { agent: agent?.name ?? "" }, { stack: false }));
    try {
      await agent?.stop?.();
      send(["stopped", null]);
    } catch (error) {
      send(["stopped", toErrorJson(error)]);
    }
  }

  const takes: Take = {
    start: ([, spec]) => void start(spec),
    turn: (message) => void turn(message),
    shelves: ([, shelves]) => afar.put(shelves),
    cancel: ([, id, reason]) => calls.get(id)?.cancel(reason),
    answer: ([, ask, value]) => asker.answered(ask, value),
    refusal: ([, ask, error]) => asker.refused(ask, error),
    ping: () => send(["pong"]),
    stop: () => void stop(),
    // The port's own.
    ack: () => {},
  };

  function refused(message: FromIsolate, length: number | undefined): void {
    const error = fail(
      "isolation.too_large",
      { agent: agent?.name ?? "", characters: length ?? null },
      { stack: false },
    );
    if (message[0] === "done" || message[0] === "error") send(["error", message[1], toErrorJson(error)]);
    else if (message[0] === "ask") asker.refused(message[1], toErrorJson(error));
    // Nobody waits for it: the log must tell.
    else if (message[0] === "emit" || message[0] === "log") send(["log", message[1], "error", error.message, null]);
    else send(["failed", toErrorJson(error)]);
  }

  port.listen({ take: (message) => takes[message[0]](message as never), refused });
}
