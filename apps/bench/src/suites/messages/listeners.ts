import type { Event } from "@mofa/kernel";

/**
 * Makes watchers that each note the event down. Five pieces of code take turns, so that the place that calls them
 * sees strangers, as in life: calls of one and the same function are inlined and cost nothing.
 */
export function makeListeners(count: number): readonly ((event: Event) => void)[] {
  const seen = { events: 0, words: 0, last: EMPTY, latest: 0, plugins: 0 };
  const kinds: readonly ((event: Event) => void)[] = [
    () => void seen.events++,
    (event) => {
      if (event.type === "action.delta") seen.words += event.body.length;
    },
    (event) => {
      seen.last = event;
    },
    ({ at }) => {
      if (at >= seen.latest) seen.latest = at;
    },
    ({ kind }) => {
      if (kind === "plugin") seen.plugins++;
    },
  ];
  return Array.from({ length: count }, (_, index) => {
    const note = kinds[index % kinds.length] as (event: Event) => void;
    return (event: Event) => note(event);
  });
}

const EMPTY: unknown = undefined;
