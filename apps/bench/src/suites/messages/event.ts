// 1a: an event that happens, and one who watches.
import { createEventStream, type Event, type PluginContext, systemClock, type Watcher } from "@mofa/kernel";
import { createKernel } from "@mofa/kernel/host";
import type { Case, Subject } from "../../measure.ts";
import type { Peers } from "../../peer.ts";
import { emitters } from "./emitters.ts";
import { makeListeners } from "./listeners.ts";

export const EVENT: Event = {
  type: "action.delta",
  at: 0,
  trace: "t",
  call: "c",
  kind: "plugin",
  name: "bench",
  body: "word",
};

/** An event that is there already, told to one watcher. */
export function eventCase(peers: Peers): Case {
  const [watcher = () => {}] = makeListeners(1);
  const limit = (): Subject => {
    const watchers = new Map([[EVENT.type, watcher]]);
    return {
      name: "limit",
      turn(times) {
        for (let index = 0; index < times; index++) watchers.get(EVENT.type)?.(EVENT);
      },
    };
  };
  const mofa = (): Subject => {
    const stream = createEventStream(() => {});
    stream.watch({ type: EVENT.type }, watcher);
    return {
      name: "mofa",
      turn(times) {
        for (let index = 0; index < times; index++) stream.tell(EVENT);
      },
    };
  };
  return { name: "1a event to one watcher", subjects: [limit, mofa, ...emitters(peers, EVENT, [watcher])] };
}

/** What a plugin does to tell: the event is made, if somebody wants it. */
export function emitCases(): readonly Case[] {
  const [watcher = () => {}] = makeListeners(1);
  const limit = (watchers: ReadonlyMap<string, Watcher>) => (): Subject => ({
    name: "limit",
    turn(times) {
      const { type, kind, name } = EVENT;
      for (let index = 0; index < times; index++) {
        const watch = watchers.get(type);
        if (watch === undefined) continue;
        watch({ type, at: systemClock.now(), trace: "", call: "", kind, name, body: "word" } as Event);
      }
    },
  });
  return [
    {
      name: "1a emit, one watcher",

      subjects: [limit(new Map([[EVENT.type, watcher]])), () => emitting(watcher)],
    },
    { name: "1a emit, nobody watches", subjects: [limit(new Map()), () => emitting(undefined)] },
  ];
}

async function emitting(watcher: Watcher | undefined): Promise<Subject> {
  let ctx: PluginContext | undefined;
  const setup = (given: PluginContext) => {
    ctx = given;
  };
  const kernel = await createKernel({ plugins: [{ name: "bench", version: "1.0.0", setup }] });
  if (watcher !== undefined) kernel.watch({ type: EVENT.type }, watcher);
  return {
    name: "mofa",
    turn(times) {
      for (let index = 0; index < times; index++) ctx?.emit("action.delta", { body: "word" });
    },
    end: () => kernel.end(),
  };
}
