// Peers that call their listeners while the event is emitted.
import { EventEmitter } from "node:events";
import type { Event, Watcher } from "@mofa/kernel";
import type { Subject } from "../../measure.ts";
import type { Peers } from "../../peer.ts";

interface Emitter {
  on(type: string, listener: Watcher): unknown;
  emit(type: string, event: Event): unknown;
}

/** Emits an event that is there already to so many listeners. */
export function emitters(peers: Peers, event: Event, listeners: readonly Watcher[]) {
  const subject = (name: string, emitter: Emitter): Subject => {
    for (const listener of listeners) emitter.on(event.type, listener);
    return {
      name,
      turn(times) {
        for (let index = 0; index < times; index++) emitter.emit(event.type, event);
      },
    };
  };
  return [
    async () => {
      const peer = await peers.load<{ createNanoEvents(): Emitter }>("nanoevents");
      return peer && subject("nanoevents", peer.createNanoEvents());
    },
    async () => {
      const peer = await peers.load<{ EventEmitter: new () => Emitter }>("eventemitter3");
      return peer && subject("eventemitter3", new peer.EventEmitter());
    },
    () => {
      const emitter = new EventEmitter();
      emitter.setMaxListeners(0);
      return subject("node:events", emitter);
    },
    async () => {
      const peer = await peers.load<{ default(): Emitter }>("mitt");
      return peer && subject("mitt", peer.default());
    },
  ];
}
