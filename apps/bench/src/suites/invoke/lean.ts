// The limit of 4g: the same result with the least work. The check is written by hand, the wrappers are folded once and
// hand on the promise, the signal is made on first use, and the clock is read once at either end.
import type { Forecast } from "./whole.ts";

type Watcher = (event: unknown) => void;
type Run = (input: Forecast, call: Call) => Promise<number>;

class Call {
  readonly number: number;
  readonly parent: Call | undefined;
  #controller: AbortController | undefined = undefined;

  constructor(number: number, parent: Call | undefined) {
    this.number = number;
    this.parent = parent;
  }

  get id(): string {
    return `bench-${this.number.toString(36)}`;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    return this.#controller.signal;
  }
}

export function leanPath(watch: Watcher | undefined): (input: Forecast) => Promise<number> {
  const watchers = watch === undefined ? [] : [watch];
  const kind = "tool";
  const name = "forecast";
  let count = 0;
  const tell = (event: unknown) => {
    for (let index = 0; index < watchers.length; index++) (watchers[index] as Watcher)(event);
  };
  const told =
    (next: Run): Run =>
    (input, call) => {
      if (watchers.length === 0) return next(input, call);
      const { id } = call;
      const started = performance.now();
      tell({
        type: "action.start",
        at: performance.timeOrigin + started,
        trace: id,
        call: id,
        kind,
        name,
        parent: undefined,
        input,
      });
      return next(input, call).then((output) => {
        const ended = performance.now();
        const at = performance.timeOrigin + ended;
        tell({ type: "action.end", at, trace: id, call: id, kind, name, ms: ended - started, output });
        return output;
      });
    };
  const look =
    (next: Run): Run =>
    (input, call) =>
      next(input, call);
  const chain = told(look(look(look(async (input) => input.days))));
  return (input) => {
    if (!isForecast(input)) return Promise.reject(new TypeError("That is no forecast."));
    return chain(input, new Call(++count, undefined));
  };
}

function isForecast(value: unknown): value is Forecast {
  if (typeof value !== "object" || value === null) return false;
  const { city, days, unit, place } = value as Record<string, unknown>;
  if (typeof city !== "string" || typeof unit !== "string") return false;
  if (!Number.isInteger(days) || (days as number) < 1 || (days as number) > 14) return false;
  if (typeof place !== "object" || place === null) return false;
  const { latitude, longitude } = place as Record<string, unknown>;
  return typeof latitude === "number" && typeof longitude === "number";
}
