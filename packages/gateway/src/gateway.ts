import { getRequestListener } from "@hono/node-server";
import { definePlugin, type JsonObject, type Plugin, type PluginContext } from "@mofa/kernel";
import { createApp } from "./app.ts";
import { fail } from "./errors.ts";
import { createEventHub } from "./event-stream.ts";
import { isLoopback } from "./guard.ts";
import { listen } from "./listen.ts";
import { createSight } from "./sight.ts";
import { SHOWN } from "./snapshot.ts";
import { createTail } from "./tail.ts";

export interface GatewayOptions {
  /** The address to listen on. Default "127.0.0.1"; any that other machines can reach needs a token. */
  readonly host?: string;
  /** The port to listen on; 0 for any free one. Default 4111. */
  readonly port?: number;
  /** Names and addresses, beside localhost, by which clients may call it. */
  readonly hosts?: readonly string[];
  /** What clients must show (as a bearer token, or as a password in a browser) for everything but /healthz. */
  readonly token?: string;
  /** Hears the address when it listens. */
  readonly listening?: (url: string) => void;
}

const schema = {
  type: "object",
  properties: {
    host: { type: "string", minLength: 1 },
    port: { type: "integer", minimum: 0, maximum: 65_535 },
    hosts: { type: "array", items: { type: "string", minLength: 1 } },
    token: { type: "string", minLength: 1 },
    // A function: given by programs, never by files.
    listening: {},
  },
  additionalProperties: false,
} as const satisfies JsonObject;

const plugin = definePlugin({
  name: "gateway",
  version: "0.1.0",
  exclusive: true,
  options: schema,
  setup: (ctx, options) => openGateway(ctx, options as GatewayOptions),
});

/** The network door: health, metrics, a status page and a JSON API over HTTP, on this machine unless told otherwise. */
export function gateway(options: GatewayOptions = {}): Plugin {
  // A function is not JSON; the schema lets it through unseen.
  return plugin(options as JsonObject);
}

async function openGateway(ctx: PluginContext, options: GatewayOptions): Promise<void> {
  const { host = "127.0.0.1", port = 4111, hosts = [], token } = options;
  if (token === undefined && !isLoopback(host)) throw fail("gateway.needs_token", { host });

  const { clock, log, redact } = ctx;
  const tail = createTail(SHOWN);
  const hub = createEventHub(clock, redact);
  const app = await createApp(
    { sight: createSight(ctx), tail, hub, clock, log, redact },
    { hosts: [host, ...hosts], token },
  );
  // Without its faster Request and Response, which it would put in place of the global ones for everybody.
  const answer = getRequestListener(app.fetch, { overrideGlobalObjects: false });
  const server = ctx.own(await listen(answer, { host, port }, clock));
  // Owned after the server, so it ends first: the server then has no open streams to wait for.
  ctx.own(hub);
  ctx.watch({}, (event) => {
    tail.take(event);
    hub.take(event);
  });
  log.info(`listening on ${server.url}`);
  options.listening?.(server.url);
}
