import type { ForkOptions, JsonObject } from "@mofa/kernel";
import type { Hono } from "hono";
import { bodyReader, readNothing, readReason } from "./read-body.ts";
import type { Sight } from "./sight.ts";
import type { Steer } from "./steer.ts";

interface SignalBody {
  readonly name: string;
  readonly body?: unknown;
  /** The same id twice is one signal. */
  readonly id?: string;
}

const ID = { type: "string", minLength: 1, maxLength: 200 } as const;

const readSignal = bodyReader<SignalBody>({
  type: "object",
  properties: { name: ID, body: {}, id: ID },
  required: ["name"],
  additionalProperties: false,
});

const readFork = bodyReader<ForkOptions>({
  type: "object",
  properties: {
    from: { type: "string", minLength: 1 },
    input: {},
    results: { type: "object" } satisfies JsonObject,
    id: ID,
  },
  additionalProperties: false,
});

/** Routes that steer kept runs. */
export function addRunSteer(app: Hono, sight: Sight, steer: Steer): void {
  app.post("/api/runs/:id/cancel", async (context) => {
    const id = context.req.param("id");
    const { reason = "an operator did not want it any more." } = await readReason(context);
    const run = sight.engine().open(id);
    return steer(context, {
      what: `cancelling of the run ${id}`,
      async change() {
        await run.cancel(reason);
        return { status: await run.status() };
      },
    });
  });

  app.post("/api/runs/:id/requeue", async (context) => {
    const id = context.req.param("id");
    await readNothing(context);
    const run = sight.engine().open(id);
    return steer(context, {
      what: `queueing of the run ${id} again`,
      async change() {
        await run.requeue();
        return { status: await run.status() };
      },
    });
  });

  app.post("/api/runs/:id/signal", async (context) => {
    const run = context.req.param("id");
    const { name, body, id } = await readSignal(context);
    const handle = sight.engine().open(run);
    return steer(context, {
      what: `signal "${name}" to the run ${run}`,
      async change() {
        // A signal to nobody would be kept for nobody: the status refuses an id that is not there.
        await handle.status();
        return { kept: await handle.signal(name, body, id === undefined ? {} : { id }) };
      },
    });
  });

  app.post("/api/runs/:id/fork", async (context) => {
    const id = context.req.param("id");
    const options = await readFork(context);
    const run = sight.engine().open(id);
    return steer(context, {
      what: `fork of the run ${id}`,
      async change() {
        const fork = await run.fork(options);
        return { id: fork.id, status: await fork.status(), origin: id };
      },
    });
  });
}
