import type OpenAI from "openai";
import type { openaiEnvironment } from "../environment.ts";
import { fail } from "../errors.ts";
import type { OpenaiOptions } from "./options.ts";

/** An opened client and what is known of its endpoint. */
export interface Connection {
  readonly client: OpenAI;
  /** As errors may show it: without user, password and query. */
  readonly url: string;
  /** Whether OpenAI itself answers, not a server that only speaks its protocol. */
  readonly native: boolean;
  readonly timeout: number;
  readonly key: string;
}

const OPENAI = "https://api.openai.com/v1";

/** Finds out who is to be asked, and loads the client library. */
export async function createConnection(
  provider: string,
  options: OpenaiOptions,
  environment: ReturnType<typeof openaiEnvironment>,
): Promise<Connection> {
  const named = options.baseURL ?? environment.baseURL;
  const baseURL = named ?? OPENAI;
  const key = options.apiKey ?? environment.apiKey;
  if (key === undefined && named === undefined) throw fail("model.no_key", { provider });
  const address = URL.parse(baseURL);
  if (address === null || address.username !== "") throw fail("model.bad_url", { provider, url: shown(baseURL) });
  const timeout = options.timeout ?? 600_000;
  const { default: Client } = await import("openai");
  const client = new Client({
    baseURL,
    // Servers that need no key still get a header: the client refuses to be made without.
    apiKey: key ?? "none",
    timeout,
    maxRetries: options.maxRetries ?? 2,
    logLevel: "off",
    ...(options.headers === undefined ? {} : { defaultHeaders: { ...options.headers } }),
  });
  return { client, url: shown(baseURL), native: address.hostname.endsWith(".openai.com"), timeout, key: key ?? "" };
}

function shown(baseURL: string): string {
  const url = URL.parse(baseURL);
  return url === null ? baseURL : `${url.origin}${url.pathname}`;
}
