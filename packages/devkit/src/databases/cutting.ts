import { connect, createServer, type Socket } from "node:net";

/** A wire to a server that breaks when it is told to: after the server has done its work, and before anybody hears. */
export interface Cutting extends AsyncDisposable {
  readonly url: string;
  /** Cuts the connection on which this is said next, at the first byte of the answer. */
  next(said: string): void;
  readonly cuts: number;
}

/** Stands between a client and a server. */
export async function cutting(to: string): Promise<Cutting> {
  const { hostname, port } = new URL(to);
  const open = new Set<Socket>();
  let wanted: string | undefined;
  let cuts = 0;
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    let isCut = false;
    const end = () => {
      for (const socket of [client, upstream]) {
        socket.destroy();
        open.delete(socket);
      }
    };
    for (const socket of [client, upstream]) {
      open.add(socket);
      // A wire that breaks is what is tested: both ends hear of it by the other's closing.
      socket.on("error", end).on("close", end);
    }
    client.on("data", (chunk) => {
      if (wanted !== undefined && chunk.includes(wanted)) {
        wanted = undefined;
        isCut = true;
      }
      upstream.write(chunk);
    });
    upstream.on("data", (chunk) => {
      if (!isCut) return void client.write(chunk);
      cuts++;
      end();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const url = new URL(to);
  url.hostname = "127.0.0.1";
  url.port = String(typeof address === "object" ? address?.port : "");
  return {
    url: url.href,
    next: (said) => {
      wanted = said;
    },
    get cuts() {
      return cuts;
    },
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
