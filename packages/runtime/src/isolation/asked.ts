// Does what isolated code asks for, as a part of the call it works for: budgets, traces and runs apply as anywhere.
import type {
  Action,
  AnyAction,
  Call,
  Draft,
  HearOptions,
  InvokeOptions,
  Json,
  KindName,
  Named,
  Question,
  Write,
} from "@mofa/kernel";
import { fail } from "../errors.ts";
import { type CrossingOptions, fromMaybe, type LocalAction, METHODS, type Operation } from "./wire.ts";

/** Runs an action that lives in the isolate. */
export type RunThere = (ref: number, input: unknown, call: Call) => Promise<unknown>;

/** Does one operation; its result may be anything that is JSON, or undefined. */
export function perform(
  operation: Operation,
  call: Call,
  { signal, runThere }: { readonly signal: AbortSignal | undefined; readonly runThere: RunThere },
): Promise<unknown> | unknown {
  switch (operation.do) {
    case "invoke":
      return call.invoke(actionOf(call, operation), fromMaybe(operation.input), nested(operation.options, signal));
    case "local":
      return call.invoke(
        toAction(operation.action, runThere),
        fromMaybe(operation.input),
        nested(operation.options, signal),
      );
    case "send":
      return call.send(operation.draft as unknown as Draft);
    case "request":
      return call.request(operation.draft as unknown as Draft, nested(operation.options, signal));
    case "use":
      return use(call, operation);
    case "now":
      return call.now();
    case "random":
      return call.random();
    case "uniqueId":
      return call.uniqueId();
    case "sleep":
      return sleep(call, operation.ms);
    case "ask":
      return call.ask(operation.question as unknown as Question);
    case "hear":
      return call.hear(operation.name, operation.options as HearOptions);
    case "write":
      return call.run?.write(operation.write as unknown as Write);
    default:
      throw fail("isolation.bad_message", { what: "a wish that is not known" });
  }
}

function nested(options: CrossingOptions, signal: AbortSignal | undefined): InvokeOptions {
  const { timeout, key, budget, tenant, session } = options as InvokeOptions;
  return {
    ...(timeout === undefined ? {} : { timeout }),
    ...(key === undefined ? {} : { key }),
    ...(budget === undefined ? {} : { budget }),
    ...(tenant === undefined ? {} : { tenant }),
    ...(session === undefined ? {} : { session }),
    ...(signal === undefined ? {} : { signal }),
  };
}

function actionOf(call: Call, { kind, name }: { readonly kind: string; readonly name: string }): AnyAction {
  const thing: Named & Partial<AnyAction> = call.get(kind as KindName, name);
  if (typeof thing.run !== "function") throw fail("isolation.no_action", { kind, name });
  return thing as AnyAction;
}

function toAction({ ref, kind, name, description, effect, timeout }: LocalAction, runThere: RunThere): Action {
  return {
    kind,
    name,
    ...(description === undefined ? {} : { description }),
    ...(effect === undefined ? {} : { effect }),
    ...(timeout === undefined ? {} : { timeout }),
    run: (input, call) => runThere(ref, input, call),
  };
}

function use(call: Call, { kind, name, method, args }: Operation & { readonly do: "use" }): unknown {
  if (!(Object.hasOwn(METHODS, kind) && METHODS[kind]?.includes(method)))
    throw fail("isolation.no_method", { kind, name, method });
  const thing = call.get(kind as KindName, name) as unknown as Record<string, (...args: readonly Json[]) => unknown>;
  return thing[method]?.(...args);
}

// A call of its own: when the one that sleeps ends before, it is woken with the others below it.
function sleep(call: Call, ms: number): Promise<unknown> {
  if (call.run !== undefined) return call.sleep(ms);
  const sleeping: Action<number> = { kind: "isolated", name: "sleep", run: (_, own) => own.sleep(ms) };
  return call.invoke(sleeping, ms);
}
