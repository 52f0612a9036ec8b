// An OpenAI-compatible endpoint that answers by rule.
//
// 1. Every answer is marked as a rehearsal: in its headers and in its body.
// 2. Closing ends every connection, also those with an answer half sent, and waits until the log is written.
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { type Clock, sayIssues, systemClock, toCheck } from "@mofa/kernel";
import { fail } from "../../errors.ts";
import { createFaults } from "../faults.ts";
import { checkMatchers } from "../match.ts";
import { type RehearsalOptions, SHARED } from "../options.ts";
import { answerCompletion, type Stage } from "./answer-completion.ts";
import { answerEmbeddings } from "./answer-embeddings.ts";
import { openRequestBook, type RequestBook, type RequestCounts, type RequestRecord } from "./request-record.ts";
import { sendError, sendJson } from "./send.ts";
import { toModelList } from "./to-wire.ts";

export interface ServeOptions extends Omit<RehearsalOptions, "name"> {
  /** Default 0: any free one. */
  readonly port?: number;
  /** Default `127.0.0.1`. */
  readonly host?: string;
  /** A file that gets one line of JSON for each finished request. */
  readonly log?: string;
  /** Hears of each request when it begins. */
  readonly onRequest?: (record: Omit<RequestRecord, "finished">) => void;
  readonly clock?: Clock;
}

/** A running endpoint. */
export interface RehearsalEndpoint extends AsyncDisposable {
  /** The base URL for clients: ends with `/v1`. */
  readonly url: string;
  readonly port: number;
  requests(): RequestCounts;
  close(): Promise<void>;
}

/** Starts an OpenAI-compatible endpoint on this machine that answers by rule. `models` limits which names it knows. */
export async function serveRehearsal(options: ServeOptions = {}): Promise<RehearsalEndpoint> {
  const { port = 0, host = "127.0.0.1", clock = systemClock, log, onRequest, ...script } = options;
  await checkScript(script);
  const book = hearing(await openRequestBook(log), onRequest);
  const models =
    script.models === undefined || script.models.includes("*") ? undefined : ["rehearsal", ...script.models];
  const stage: Stage = {
    script,
    models,
    faults: createFaults(script.faults ?? []),
    book,
    clock,
    tokensPerSecond: script.tokensPerSecond,
  };
  const server = createServer((request, response) => void route(request, response, stage));
  try {
    await listen(server, port, host);
  } catch (error) {
    await book.close();
    throw fail("rehearsal.cannot_listen", { host, port, reason: (error as Error).message }, { cause: error });
  }
  const address = server.address();
  const bound = typeof address === "object" && address !== null ? address.port : port;
  let closing: Promise<void> | undefined;
  const close = () => {
    closing ??= stop(server, book);
    return closing;
  };
  const shown = host.includes(":") ? `[${host}]` : host;
  return {
    url: `http://${shown}:${bound}/v1`,
    port: bound,
    requests: () => book.counts(),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function checkScript(script: Omit<RehearsalOptions, "name">): Promise<void> {
  const checked = await toCheck({ type: "object", properties: SHARED, additionalProperties: false })(script);
  if ("issues" in checked)
    throw fail("rehearsal.bad_script", { place: "options", reason: `${sayIssues(checked.issues)}.` });
  checkMatchers(script);
}

function hearing(book: RequestBook, heard: ServeOptions["onRequest"]): RequestBook {
  if (heard === undefined) return book;
  return {
    ...book,
    begin(record) {
      const finish = book.begin(record);
      heard(record);
      return finish;
    },
  };
}

async function route(request: IncomingMessage, response: ServerResponse, stage: Stage): Promise<void> {
  response.setHeader("x-mofa-rehearsal", "true");
  try {
    await dispatch(request, response, stage);
  } catch (error) {
    // The connection broke, or we have a fault: either way nobody but the client can be told.
    if (response.headersSent || response.destroyed) response.destroy();
    else sendError(response, 500, { message: (error as Error).message, type: "server_error" });
  }
}

async function dispatch(request: IncomingMessage, response: ServerResponse, stage: Stage): Promise<void> {
  const path = new URL(request.url ?? "/", "http://localhost").pathname.replace(/^\/v1(?=\/)/, "").replace(/\/$/, "");
  const asked = `${request.method} ${path}`;
  switch (asked) {
    case "POST /chat/completions":
      return answerCompletion(request, response, stage);
    case "POST /embeddings":
      return answerEmbeddings(request, response, stage);
    case "GET /models":
      return sendJson(response, 200, toModelList(stage.models ?? ["rehearsal"]));
    case "GET /rehearsal/requests":
      return sendJson(response, 200, stage.book.counts());
    default:
      return sendError(response, 404, {
        message: `There is no "${asked}" here. Known: POST /v1/chat/completions, POST /v1/embeddings, GET /v1/models, GET /rehearsal/requests.`,
        type: "invalid_request_error",
        code: "unknown_url",
      });
  }
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(port, host, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

async function stop(server: Server, book: RequestBook): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeAllConnections();
  await closed;
  await book.close();
}
