import type { Hono } from "hono";
import { readNothing } from "./read-body.ts";
import type { Sight } from "./sight.ts";
import type { Steer } from "./steer.ts";

/** Routes about plugins and their versions. */
export function addPlugins(app: Hono, sight: Sight, steer: Steer): void {
  app.get("/api/plugins", (context) => context.json({ plugins: sight.control().plugins() }));

  app.get("/api/plugins/:name", (context) => {
    const name = context.req.param("name");
    const control = sight.control();
    const history = control.history(name);
    return context.json({ plugin: control.plugins().find((one) => one.name === name) ?? null, history });
  });

  for (const verb of ["rollback", "release"] as const)
    app.post(`/api/plugins/:name/${verb}`, async (context) => {
      const name = context.req.param("name");
      await readNothing(context);
      const control = sight.control();
      return steer(context, {
        what: `${verb} of the plugin "${name}"`,
        change: async () => ({ plugin: await control[verb](name) }),
      });
    });
}
