// One life of an isolated agent, seen from the kernel: its thread or process, and the work in it.
//
// 1. An isolate that breaks the rules, hangs, grows too large or ignores a cancel is ended.
// 2. When it is gone, for whatever reason, all turns in it fail with `agent.crashed`; was it ready and not told to stop,
//    the agent has failed.
// 3. Once `stop` or `kill` resolves, nothing of it is left: no thread, no process, no timer.
import { type Call, type Clock, type ErrorJson, fromErrorJson, toErrorJson } from "@mofa/kernel";
import { fail } from "../errors.ts";
import { createAsks } from "./asks.ts";
import { crashed, whyGone } from "./crash.ts";
import type { Ending, Isolate, IsolateOptions } from "./isolate.ts";
import { createTurns, type TurnsOptions } from "./turns.ts";
import { createWatchdog } from "./watchdog.ts";
import { type FromIsolate, fromMaybe, type Spec, type ToIsolate } from "./wire.ts";

export interface SessionOptions {
  readonly spec: Spec;
  readonly limits: Pick<IsolateOptions, "heapMb" | "stackMb" | "env" | "most">;
  readonly clock: Clock;
  /** Milliseconds without an answer of the event loop while there is work. */
  readonly cpuMs: number;
  /** Milliseconds until it is ready at most. */
  readonly bootMs: number;
  /** Milliseconds that a stop and a cancelled turn may take. */
  readonly graceMs: number;
  readonly shelves: TurnsOptions["shelves"];
  open(options: IsolateOptions): Isolate;
  /** It has failed, by its own word or by its end. */
  failed(error: unknown): void;
  done(): void;
}

export interface Session {
  readonly ready: Promise<void>;
  turn(input: unknown, call: Call): Promise<unknown>;
  stop(): Promise<void>;
  /** Ends it at once; resolves when nothing of it is left. */
  kill(reason: unknown): Promise<void>;
}

type Take = { readonly [Message in FromIsolate as Message[0]]: (message: Message) => void };

export function createSession(options: SessionOptions): Session {
  const { spec, clock, graceMs, bootMs, cpuMs, limits } = options;
  const { agent } = spec;
  const started = Promise.withResolvers<void>();
  const stopped = Promise.withResolvers<ErrorJson | null>();
  let state: "starting" | "ready" | "stopping" | "gone" = "starting";

  const isolate = options.open({
    ...limits,
    name: agent,
    take(message) {
      const known = Object.hasOwn(takes, message[0] as PropertyKey);
      if (!known) throw fail("isolation.bad_message", { what: "a message that is not known" });
      takes[message[0] as FromIsolate[0]](message as never);
    },
    refused: tooLarge,
  });
  const { send, sendNow, kill } = isolate;
  const turns = createTurns({
    clock,
    graceMs,
    shelves: options.shelves,
    send,
    sendNow,
    stubborn: () => kill(fail("isolation.ignored_cancel", { agent, ms: graceMs })),
  });
  const asks = createAsks(agent, send, begin);
  const watchdog = createWatchdog({
    clock,
    most: cpuMs,
    working: () => turns.size > 0,
    ping: () => send(["ping"]),
    look: async () => {
      const grown = await isolate.overweight();
      if (grown !== undefined) kill(fail("isolation.out_of_memory", { agent, mb: limits.heapMb }));
    },
    hung: () => kill(fail("isolation.hung", { agent, ms: cpuMs })),
  });
  const cancelBoot = clock.after(bootMs, () => kill(fail("isolation.not_ready", { agent, ms: bootMs })));
  const gone = isolate.gone.then(end);

  const takes: Take = {
    ready: () => {
      cancelBoot();
      if (state === "starting") state = "ready";
      started.resolve();
    },
    failed: ([, error]) => kill(fromErrorJson(error)),
    done: ([, turn, output]) => turns.settle(turn)?.resolve(fromMaybe(output)),
    error: ([, turn, error]) => turns.settle(turn)?.reject(fromErrorJson(error)),
    ask: ([, ask, turn, operation]) => void asks.take(ask, turns.get(turn)?.call, operation),
    drop: ([, ask, reason]) => asks.drop(ask, reason),
    emit: ([, turn, type, body]) => turns.get(turn)?.call.emit(type, body as never),
    log: ([, turn, level, message, data]) => turns.get(turn)?.call.log[level](message, data ?? undefined),
    "life.failed": ([, error]) => options.failed(crashed(agent, fromErrorJson(error))),
    "life.done": () => options.done(),
    crash: ([, error]) =>
      kill(fail("isolation.threw", { agent, reason: error.message }, { cause: fromErrorJson(error) })),
    pong: () => watchdog.answered(),
    stopped: ([, error]) => stopped.resolve(error),
  };

  // Not async, nor is what it calls: each would be a promise more, and three turns of the queue, in every turn.
  function begin(ref: number, input: unknown, call: Call): Promise<unknown> {
    if (state === "gone") throw fail("isolation.not_running", { agent }, { stack: false, retryable: true });
    const work = turns.begin(ref, input, call);
    watchdog.wake();
    return work;
  }

  function tooLarge(message: ToIsolate, length: number | undefined): void {
    const error = fail("isolation.too_large", { agent, characters: length ?? null }, { stack: false });
    if (message[0] === "turn") turns.settle(message[1])?.reject(error);
    else if (message[0] === "answer") send(["refusal", message[1], toErrorJson(error)]);
    else kill(error);
  }

  function end(ending: Ending): void {
    const failed = state === "ready";
    state = "gone";
    cancelBoot();
    watchdog.end();
    const error = crashed(agent, whyGone(agent, ending, limits.heapMb));
    turns.rejectAll(error);
    asks.end(error);
    stopped.resolve(null);
    started.reject(error.cause);
    if (failed) options.failed(error);
  }

  // Nobody may be waiting for it.
  started.promise.catch(() => {});
  send(["start", spec]);
  return {
    ready: started.promise,
    turn: (input, call) => begin(0, input, call),
    async stop() {
      if (state === "gone") return;
      state = "stopping";
      send(["stop"]);
      const stubborn = fail("isolation.ignored_stop", { agent, ms: graceMs });
      const cancel = clock.after(graceMs, () => stopped.resolve(toErrorJson(stubborn)));
      const error = await stopped.promise;
      cancel();
      kill(stubborn);
      await gone;
      if (error !== null) throw fromErrorJson(error);
    },
    async kill(reason) {
      if (state !== "gone") state = "stopping";
      kill(reason);
      await gone;
    },
  };
}
