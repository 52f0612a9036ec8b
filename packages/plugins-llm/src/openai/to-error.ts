import { isMofaError, type MofaError } from "@mofa/kernel";
import { fail, type Place, retryable } from "../errors.ts";

/** What is known of a failure, whichever way it came: as a status, inside a stream, or from the network. */
interface Failure {
  readonly status: number | undefined;
  readonly code: string;
  readonly message: string;
  readonly retryAfter?: number | undefined;
  readonly cause?: unknown;
}

export interface ErrorSource extends Place {
  readonly timeout: number;
  /** Epoch milliseconds: a server may name the moment to come back at. */
  readonly now: number;
  /** Never shown, even when the server repeats it. */
  readonly key: string;
}

/** Turns what the client threw into one of our errors, once; the cause stays attached. */
export function toModelError(thrown: unknown, { url, model, timeout, now, key }: ErrorSource): MofaError {
  if (isMofaError(thrown)) return thrown;
  const error = thrown as Partial<ClientError>;
  const place = { url, model };
  if (thrown instanceof Error && /TimeoutError$/.test(thrown.constructor.name)) {
    return fail("model.timed_out", { ...place, ms: timeout }, { cause: thrown, retryable: true });
  }
  const message = error.status === undefined ? networkReason(thrown) : bodyReason(error);
  const leaks = key !== "" && JSON.stringify(String(error.message) + message).includes(key);
  return toFailure(place, {
    status: error.status,
    code: String(error.code ?? error.type ?? ""),
    message: leaks ? message.replaceAll(key, "…") : message,
    retryAfter: readRetryAfter(error.headers, now),
    // A cause that repeats the key would carry it into logs and journals.
    cause: leaks ? undefined : thrown,
  });
}

/** Turns an error object that came inside a stream into one of our errors. */
export function fromWireError(error: unknown, place: Place): MofaError {
  const { message, code, type } = (
    typeof error === "object" && error !== null ? error : { message: error }
  ) as Partial<ClientError>;
  const status = typeof code === "number" ? code : (STATUS_OF[String(code ?? "")] ?? STATUS_OF[String(type ?? "")]);
  return toFailure(place, {
    status,
    code: String(code ?? type ?? ""),
    message: sentence(String(message ?? "no reason given")),
  });
}

interface ClientError {
  readonly status: number;
  readonly code: string | number | null;
  readonly type: string;
  readonly message: string;
  readonly error: { readonly message?: unknown } | undefined;
  readonly headers: { get(name: string): string | null };
}

const STATUS_OF: Readonly<Record<string, number>> = {
  rate_limit_exceeded: 429,
  insufficient_quota: 429,
  invalid_api_key: 401,
  invalid_request_error: 400,
  context_length_exceeded: 400,
  model_not_found: 404,
  server_error: 500,
  overloaded_error: 503,
};

const TOO_LONG = /context (length|window|size)|maximum context|too many tokens|prompt is too long|reduce the length/i;

function toFailure(place: Place, failure: Failure): MofaError {
  const { status, code, message: reason, cause, retryAfter } = failure;
  const data = { ...place, reason };
  const options = { cause };
  if (code === "context_length_exceeded" || (isRefusal(status) && TOO_LONG.test(reason))) {
    return fail("model.context_too_long", data, options);
  }
  if (code === "model_not_found" || status === 404) return fail("model.unknown", data, options);
  if (code === "insufficient_quota") return fail("model.quota_used_up", data, options);
  if (status === 401 || status === 403) return fail("model.auth_failed", { url: place.url, status, reason }, options);
  if (status === 429) {
    return retryable("model.rate_limited", retryAfter === undefined ? data : { ...data, retryAfter }, cause);
  }
  if (isRefusal(status)) return fail("model.bad_request", { ...data, status: status ?? 400 }, options);
  return retryable("model.unavailable", status === undefined ? data : { ...data, status }, cause);
}

// 408 and 409 are asked again by every client; the other refusals stay refusals.
function isRefusal(status: number | undefined): boolean {
  return status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 409;
}

function bodyReason(error: Partial<ClientError>): string {
  const told = error.error?.message;
  if (typeof told === "string" && told !== "") return sentence(told);
  return sentence(
    String(error.message ?? "no reason given")
      .replace(/^\d{3} /, "")
      .slice(0, 300),
  );
}

// "Connection error." alone helps nobody: the innermost cause says whether it was refused, reset or not found.
function networkReason(thrown: unknown): string {
  let deepest = thrown;
  for (let depth = 0; depth < 8 && deepest instanceof Error && deepest.cause instanceof Error; depth++) {
    deepest = deepest.cause;
  }
  if (!(deepest instanceof Error)) return sentence(String(deepest));
  const code = (deepest as { code?: unknown }).code;
  const text = deepest.message === "" ? deepest.name : deepest.message;
  return sentence(typeof code === "string" && !text.includes(code) ? `${text} (${code})` : text);
}

function sentence(text: string): string {
  const trimmed = text.trim();
  return /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}

function readRetryAfter(headers: ClientError["headers"] | undefined, now: number): number | undefined {
  const precise = Number(headers?.get("retry-after-ms") ?? Number.NaN);
  if (precise >= 0) return precise;
  const text = headers?.get("retry-after") ?? "";
  if (text === "") return undefined;
  const ms = Number.isNaN(Number(text)) ? Date.parse(text) - now : Number(text) * 1000;
  return Number.isNaN(ms) ? undefined : Math.max(0, ms);
}
