import { fail } from "../src/errors.ts";
import type { Answer, Driver, Lent } from "../src/server/database.ts";

/** A driver that can be told to lose an answer: the server does what it was asked, and nobody hears of it. */
export interface Losing {
  readonly change: (driver: Driver) => Driver;
  /** Loses the answer to the next statement that fits. */
  next(text: RegExp): void;
  /** How many answers were lost. */
  readonly lost: number;
}

export function losing(): Losing {
  let wanted: RegExp | undefined;
  let lost = 0;
  async function lose<T>(text: string, answer: Promise<T>): Promise<T> {
    const result = await answer;
    if (wanted?.test(text) !== true) return result;
    wanted = undefined;
    lost++;
    throw fail("database.connection_lost", { file: "test", reason: "the answer was lost" }, { retryable: true });
  }
  function around(lent: Lent): Lent {
    const { run, ask, script, release } = lent;
    return {
      run: <Row>(text: string, values?: object) => lose<Answer<Row>>(text, run(text, values as never)),
      ask: <Row>(text: string, values?: object) => lose<Answer<Row>>(text, ask(text, values as never)),
      ...(script === undefined ? {} : { script: (text, values) => lose(text, script(text, values)) }),
      release,
    };
  }
  return {
    change: (driver) => ({ ...driver, acquire: async () => around(await driver.acquire()) }),
    next: (text) => {
      wanted = text;
    },
    get lost() {
      return lost;
    },
  };
}
