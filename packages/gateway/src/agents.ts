import type { Hono } from "hono";
import { readNothing, readReason } from "./read-body.ts";
import type { Sight } from "./sight.ts";
import type { Steer } from "./steer.ts";

const VERBS = {
  pause: "pauseAgent",
  resume: "resumeAgent",
  stop: "stopAgent",
  restart: "restartAgent",
} as const satisfies Record<string, keyof ReturnType<Sight["control"]>>;

/** Routes about agents and those who watch over them. */
export function addAgents(app: Hono, sight: Sight, steer: Steer): void {
  app.get("/api/agents", (context) => context.json({ agents: sight.control().agents() }));
  app.get("/api/supervisors", (context) => context.json({ supervisors: sight.control().supervisors() }));

  for (const [verb, method] of Object.entries(VERBS))
    app.post(`/api/agents/:name/${verb}`, async (context) => {
      const name = context.req.param("name");
      await readNothing(context);
      const control = sight.control();
      return steer(context, {
        what: `${verb} of the agent "${name}"`,
        async change() {
          await control[method](name);
          return { agent: control.agents().find((agent) => agent.name === name) ?? null };
        },
      });
    });

  app.post("/api/agents/:name/interrupt", async (context) => {
    const name = context.req.param("name");
    const { reason } = await readReason(context);
    const control = sight.control();
    // Says who is not there; interrupting nobody would look like success.
    sight.get("agent", name);
    return steer(context, {
      what: `interruption of the agent "${name}"`,
      change: () => ({ interrupted: control.interrupt({ agent: name }, reason) }),
    });
  });
}
