// One isolate with its context and the prelude in it.
//
// 1. It is owned by one job and disposed with it: what a script leaves behind is seen by no other.
// 2. The script's code runs only within a slice: under V8's timeout, and under a guard that disposes the isolate when
//    the timeout did not hold.
// 3. An isolate that had to be disposed while code ran in it, or that met its memory limit, makes the room unclean: the
//    process is not used again, since its threads and memory may never come back.
import type { Isolate, Module, Reference } from "isolated-vm";
import type { Failure, JobLine } from "../wire.ts";
import { ivm } from "./isolated-vm.ts";
import { PRELUDE } from "./prelude.ts";

/** How long after its limit a slice may take to end before its isolate is given up. */
const GRACE = 300;
const PRELUDE_MS = 5_000;

/** Hears what comes out of the isolate. Returns at once: the isolate's thread waits for it. */
type Bridge = (operation: unknown, call: unknown, name: unknown, text: unknown) => void;

/** What a slice of script work came to. */
interface Sliced {
  readonly ms: number;
  readonly failure?: Failure;
}

export interface Room {
  /** False once the process can no longer be trusted. */
  readonly clean: boolean;
  /** Compiles the script and runs its top level. */
  load(job: JobLine, bridge: Bridge): Promise<Failure | undefined>;
  enter(handle: Handle, args: readonly (string | number | boolean)[], ms: number): Promise<Sliced>;
  close(): void;
}

type Handle = "begin" | "deliver" | "inspect";
type Blame = "script.syntax" | "script.threw";

/** Makes an isolate ready for a script of at most `memory` MiB. */
export async function openRoom(memory: number, catastrophe: (message: string) => void): Promise<Room> {
  const isolate = new ivm.Isolate({ memoryLimit: memory, onCatastrophicError: catastrophe });
  const guard = createGuard(isolate);
  const context = await isolate.createContext();
  let listener: Bridge | undefined;
  const bridge = new ivm.Callback((...said: unknown[]) => listener?.(said[0], said[1], said[2], said[3]));
  const made = await context.evalClosure(PRELUDE, [bridge], { result: { reference: true }, timeout: PRELUDE_MS });
  const handle = (name: string): Reference => made.getSync(name, { reference: true });
  const bind = handle("bind");
  const handles = { begin: handle("begin"), deliver: handle("deliver"), inspect: handle("inspect") };

  async function evaluate(module: Module, timeout: number) {
    await module.instantiate(context, () => {
      throw new TypeError("Scripts import nothing.");
    });
    await module.evaluate({ timeout });
  }

  return {
    get clean() {
      return guard.clean;
    },
    async load({ name, text, limits, uses }, bridgeOf) {
      listener = bridgeOf;
      const timeout = limits.time;
      const compiled: { module?: Module } = {};
      const compile = async () => {
        compiled.module = await isolate.compileModule(text, { filename: name });
      };
      const { failure } = await guard.slice(compile, timeout, "script.syntax");
      const { module } = compiled;
      if (failure !== undefined || module === undefined) return failure ?? { code: "script.stopped" };
      const specifier = module.dependencySpecifiers[0];
      if (specifier !== undefined) return { code: "script.imports_refused", message: specifier };
      const evaluated = await guard.slice(() => evaluate(module, timeout), timeout, "script.threw");
      if (evaluated.failure !== undefined) return evaluated.failure;
      const settings = JSON.stringify({ uses, output: limits.output, hostCalls: limits.hostCalls });
      const give = () => bind.apply(undefined, [module.namespace.derefInto(), settings], { timeout });
      return (await guard.slice(give, timeout, "script.threw")).failure;
    },
    enter(name, args, ms) {
      const timeout = Math.max(1, Math.ceil(ms));
      return guard.slice(() => handles[name].apply(undefined, [...args], { timeout }), timeout, "script.threw");
    },
    close: guard.close,
  };
}

interface Guard {
  readonly clean: boolean;
  slice(work: () => Promise<unknown>, ms: number, blame: Blame): Promise<Sliced>;
  close(): void;
}

/** Watches over the time that is spent in an isolate, and gives it up when it does not come back. */
function createGuard(isolate: Isolate): Guard {
  let running = 0;
  let clean = true;

  function close() {
    if (isolate.isDisposed) return;
    if (running > 0) clean = false;
    isolate.dispose();
  }

  return {
    get clean() {
      return clean;
    },
    close,
    async slice(work, ms, blame) {
      const start = performance.now();
      const { promise: givenUp, resolve } = Promise.withResolvers<Failure>();
      const timer = setTimeout(() => {
        close();
        resolve({ code: "script.time_exceeded" });
      }, ms + GRACE);
      running++;
      const done = work().then(
        () => undefined,
        (error: unknown) => toFailure(error, blame),
      );
      const failure = await Promise.race([done, givenUp]);
      clearTimeout(timer);
      running--;
      if (failure?.code === "script.memory_exceeded") clean = false;
      const took = performance.now() - start;
      return failure === undefined ? { ms: took } : { ms: took, failure };
    },
  };
}

function toFailure(error: unknown, blame: Blame): Failure {
  const { name, message, stack } =
    error instanceof Error ? error : { name: "Error", message: String(error), stack: undefined };
  if (message === "Script execution timed out.") return { code: "script.time_exceeded" };
  if (message.includes("memory limit")) return { code: "script.memory_exceeded" };
  if (message.includes("solate is disposed") || message.includes("solate was disposed"))
    return { code: "script.stopped" };
  return { code: blame, name, message: message.slice(0, 500), stack: (stack ?? "").slice(0, 1000) };
}
