import type { Subject } from "../../measure.ts";

/** Calls and awaits, one at a time. */
export function calling(
  name: string,
  call: (index: number) => Promise<unknown>,
  end?: () => void | Promise<void>,
): Subject {
  return {
    name,
    async turn(times) {
      for (let index = 0; index < times; index++) await call(index);
    },
    ...(end === undefined ? {} : { end }),
  };
}
