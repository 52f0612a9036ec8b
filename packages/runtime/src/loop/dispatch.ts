import type { Action, Call } from "@mofa/kernel";
import type { Target } from "./options.ts";

/** What dispatching an event gives that was left out. */
export const SKIPPED: unique symbol = Symbol("skipped");

/** Makes the action that has one event worked on: everything begun for it is below this call, or in its trace. */
export function toLoopAction<T>(
  name: string,
  dispatch: (event: T) => Target | undefined | Promise<Target | undefined>,
): Action<T, unknown> {
  return {
    kind: "loop",
    name,
    async run(event, call) {
      const target = await dispatch(event);
      if (target === undefined) return SKIPPED;
      if ("action" in target) return call.invoke(target.action, target.input);
      const { to, type = name } = target;
      return ask(call, { to, type, body: "body" in target ? target.body : event });
    },
  };
}

/** A local agent is invoked: then, if the event is interrupted while it waits for its turn, it never takes it. */
function ask(call: Call, draft: { readonly to: string; readonly type: string; readonly body: unknown }) {
  const name = draft.to.startsWith("agent:") ? draft.to.slice("agent:".length) : undefined;
  const agent = name === undefined ? undefined : call.find("agent", name);
  return agent === undefined ? call.request(draft) : call.invoke(agent, draft.body);
}
