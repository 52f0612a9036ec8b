import { spawn } from "node:child_process";
import { EventEmitter } from "node:events";
import { fileURLToPath } from "node:url";
import { createLog, type LogEntry } from "@mofa/kernel";
import { fakeClock } from "@mofa/kernel/testing";
import { describe, expect, test } from "vitest";
import { type SignalOptions, type SignalSource, untilSignal, watchSignals } from "./index.ts";

/** A process that is only told of: it does not end. */
class FakeProcess extends EventEmitter implements SignalSource {
  readonly exits: number[] = [];
  exit(code: number): void {
    this.exits.push(code);
  }
}

function listen(options: Partial<SignalOptions> = {}) {
  const source = new FakeProcess();
  const clock = fakeClock();
  const said: string[] = [];
  const logged: LogEntry[] = [];
  const log = createLog("process", (entry) => void logged.push(entry), clock.now);
  const all = { process: source, clock, log: () => log, say: (line: string) => void said.push(line), ...options };
  return { source, clock, said, logged, options: all };
}

describe("signals", () => {
  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("the first %s asks to end and says so; the second ends at once with %i", async (signal, code) => {
    const { source, said, options } = listen();
    using watch = watchSignals(options);
    source.emit(signal, signal);
    expect(await watch.happened).toEqual({ why: "signal", signal, code });
    expect([source.exits, said]).toEqual([[], [expect.stringContaining(`${signal}: ending in order`)]]);
    source.emit(signal, signal);
    expect(source.exits).toEqual([code]);
    expect(said[1]).toContain("stopping at once");
  });

  test("disposed, it hears nothing more and leaves no timer", async () => {
    const { source, clock, options } = listen();
    const watch = watchSignals(options);
    source.emit("uncaughtException", new Error("boom"));
    expect(clock.pending).toBe(1);
    watch[Symbol.dispose]();
    expect([source.eventNames(), clock.pending]).toEqual([[], 0]);
  });
});

describe("errors that nobody caught", () => {
  test.each(["uncaughtException", "unhandledRejection"])(
    "%s is logged as a structured error and asks to end with 70",
    async (name) => {
      const { source, logged, said, options } = listen();
      using watch = watchSignals(options);
      const error = new Error("outer", { cause: new Error("inner") });
      source.emit(name, error);
      expect(await watch.happened).toEqual({ why: "fault", error, code: 70 });
      expect(logged).toMatchObject([
        {
          level: "error",
          message: expect.stringContaining("outer"),
          data: { error: { code: "error.unexpected", because: { message: "inner" } }, stack: expect.any(String) },
        },
      ]);
      expect(said).toEqual([expect.stringContaining("ending in order after")]);
      source.emit(name, "not even an error");
      expect([logged.length, source.exits]).toEqual([2, []]);
      source.emit("SIGTERM", "SIGTERM");
      expect(source.exits).toEqual([143]);
    },
  );

  test("before there is a log, it is said", async () => {
    const { source, said, options } = listen({ log: () => undefined });
    using _ = watchSignals(options);
    source.emit("uncaughtException", new Error("too early"));
    expect(said[0]).toBe("An error that nobody caught: too early [error.unexpected]");
  });

  test("an orderly end that takes too long after one is given up", async () => {
    const { source, clock, options } = listen({ faultGrace: 100 });
    using _ = watchSignals(options);
    source.emit("uncaughtException", new Error("boom"));
    await clock.advance(99);
    expect(source.exits).toEqual([]);
    await clock.advance(1);
    expect(source.exits).toEqual([70]);
  });
});

describe("a kernel until a signal", () => {
  const ended = () => {
    const graces: (number | undefined)[] = [];
    const end = async (options: { readonly grace?: number } = {}) => void graces.push(options.grace);
    return { graces, end };
  };

  test("a signal drains it and gives 0; an uncaught error ends it without grace and gives 70", async () => {
    for (const [name, grace, code] of [
      ["SIGTERM", 250, 0],
      ["uncaughtException", 0, 70],
    ] as const) {
      const { source, options } = listen();
      const { graces, end } = ended();
      const done = untilSignal(
        { end, log: createLog("kernel", () => {}, options.clock.now) },
        { ...options, grace: 250 },
      );
      source.emit(name, name);
      expect([await done, graces, source.eventNames()]).toEqual([code, [grace], []]);
    }
  });

  test("when its end fails, that is thrown and nothing is listened to any more", async () => {
    const { source, options } = listen();
    const end = () => Promise.reject(new Error("the disk is gone"));
    const done = untilSignal({ end, log: createLog("kernel", () => {}, options.clock.now) }, options);
    source.emit("SIGINT", "SIGINT");
    await expect(done).rejects.toThrow("the disk is gone");
    expect(source.eventNames()).toEqual([]);
  });
});

describe("a real process", () => {
  const SERVING = fileURLToPath(new URL("../../test/serving.ts", import.meta.url));

  /** Runs a process that serves until it is told to end; gives its standard output, and its end. */
  function serve(mode: string) {
    const child = spawn(process.execPath, ["--conditions=@mofa/source", SERVING, mode], {
      stdio: ["ignore", "pipe", "pipe"],
    });
    let text = "";
    const heard = new Set<() => void>();
    const listen = (chunk: Buffer) => {
      text += chunk.toString();
      for (const look of heard) look();
    };
    child.stdout.on("data", listen);
    child.stderr.on("data", listen);
    const finished = new Promise<number | null>((resolve) => child.on("close", resolve));
    const said = (wanted: string) =>
      new Promise<void>((resolve, reject) => {
        const look = () => text.includes(wanted) && resolve();
        heard.add(look);
        look();
        void finished.then(() => reject(new Error(`ended without "${wanted}": ${text}`)));
      });
    const end = async () => {
      child.kill("SIGKILL");
      await finished;
    };
    return { child, finished, said, text: () => text, [Symbol.asyncDispose]: end };
  }

  test("it finishes its work after a signal, and ends with 0", { timeout: 30_000 }, async () => {
    await using served = serve("short");
    await served.said("at work");
    served.child.kill("SIGTERM");
    expect(await served.finished).toBe(0);
    expect(served.text()).toMatch(/SIGTERM: ending in order[\s\S]*finished/u);
  });

  test("a second signal ends it in the middle of its work, with 130", { timeout: 30_000 }, async () => {
    await using served = serve("endless");
    await served.said("at work");
    served.child.kill("SIGINT");
    await served.said("ending in order");
    served.child.kill("SIGINT");
    expect(await served.finished).toBe(130);
    expect(served.text()).not.toContain("finished");
  });

  test("a promise that nobody awaited ends it with 70", { timeout: 30_000 }, async () => {
    await using served = serve("faulty");
    expect(await served.finished).toBe(70);
    expect(served.text()).toMatch(/A rejected promise that nobody awaited: nobody awaits this[\s\S]*ending in order/u);
  });
});
