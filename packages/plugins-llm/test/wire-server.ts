import { createServer, type IncomingHttpHeaders, type ServerResponse } from "node:http";

/** What a client sent. */
export interface Sent {
  readonly headers: IncomingHttpHeaders;
  // biome-ignore lint/suspicious/noExplicitAny: tests read deep into bodies of the public wire format.
  readonly body: any;
}

export interface WireServer extends AsyncDisposable {
  readonly url: string;
  readonly sent: readonly Sent[];
}

/** A server on loopback that answers each request as it is told to. */
export async function wireServer(
  answer: (response: ServerResponse, sent: Sent, count: number) => void | Promise<void>,
): Promise<WireServer> {
  const sent: Sent[] = [];
  const server = createServer((request, response) => {
    let text = "";
    request.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
    request.on("end", () => {
      const one = { headers: request.headers, body: text === "" ? undefined : JSON.parse(text) };
      sent.push(one);
      void answer(response, one, sent.length);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  const port = typeof address === "object" && address !== null ? address.port : 0;
  return {
    url: `http://127.0.0.1:${port}/v1`,
    sent,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Answers with bytes of a stream, in the given parts. */
export async function sendStream(response: ServerResponse, parts: readonly (string | Uint8Array)[]): Promise<void> {
  response.writeHead(200, { "content-type": "text/event-stream" });
  response.flushHeaders();
  for (const part of parts) {
    response.write(part);
    await new Promise<void>((resolve) => {
      setImmediate(resolve);
    });
  }
  response.end();
}

/** The data of chunks as server-sent events. */
export function events(...chunks: readonly unknown[]): string {
  return chunks.map((chunk) => `data: ${typeof chunk === "string" ? chunk : JSON.stringify(chunk)}\n\n`).join("");
}

/** One chunk of a chat completion. */
export function chunk(delta: unknown, finish: string | null = null): unknown {
  return {
    id: "chatcmpl-1",
    object: "chat.completion.chunk",
    created: 1,
    model: "gpt-test-2026",
    choices: [{ index: 0, delta, finish_reason: finish }],
  };
}
