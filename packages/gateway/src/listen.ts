// One HTTP server, from its first byte to its last socket.
//
// 1. Closing stops new connections at once, lets requests in flight finish for `DRAIN` ms, then destroys what is left.
// 2. After close, no socket, timer or listener is left.
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import type { Clock } from "@mofa/kernel";
import { fail } from "./errors.ts";

/** Where to listen. */
export interface Place {
  readonly host: string;
  /** 0 for any free one. */
  readonly port: number;
}

/** A server that listens. */
export interface Listening extends AsyncDisposable {
  readonly url: string;
}

const DRAIN = 2000;

/** Starts to listen, or throws what stands in the way. */
export async function listen(answer: RequestListener, place: Place, clock: Clock): Promise<Listening> {
  const server = createServer(answer);
  await start(server, place);
  const { port } = server.address() as AddressInfo;
  const host = place.host.includes(":") ? `[${place.host}]` : place.host;
  return { url: `http://${host}:${port}`, [Symbol.asyncDispose]: () => close(server, clock) };
}

function start(server: Server, { host, port }: Place): Promise<void> {
  return new Promise((resolve, reject) => {
    const refused = (error: NodeJS.ErrnoException) => {
      if (error.code === "EADDRINUSE") reject(fail("gateway.port_taken", { host, port }, { cause: error }));
      else reject(fail("gateway.cannot_listen", { host, port, reason: error.message }, { cause: error }));
    };
    server.once("error", refused);
    server.listen(port, host, () => {
      server.off("error", refused);
      resolve();
    });
  });
}

function close(server: Server, clock: Clock): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(DRAIN, () => server.closeAllConnections());
    server.close(() => {
      cancel();
      resolve();
    });
    server.closeIdleConnections();
  });
}
