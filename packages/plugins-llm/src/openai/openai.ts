// Models behind the chat-completions protocol.
//
// 1. The client library is loaded and the key is asked for at the first call: a plugin that nobody uses costs nothing.
// 2. One request, one reply, one `model.usage`; the text is told while it comes.
// 3. A cancelled call ends with the reason of its signal, never with an error of the client.
import {
  type Call,
  type Clock,
  definePlugin,
  type JsonObject,
  type Model,
  type ModelReply,
  type ModelRequest,
  type Plugin,
} from "@mofa/kernel";
import { openaiEnvironment } from "../environment.ts";
import { fail } from "../errors.ts";
import { estimateRequestTokens, estimateTokens } from "../estimate-tokens.ts";
import { MODEL_INPUT } from "../model-input.ts";
import { type Connection, createConnection } from "./connection.ts";
import { openaiEmbedder } from "./embedder.ts";
import type { FoldedReply } from "./fold-reply.ts";
import { idempotencyKey } from "./idempotency-key.ts";
import { OPTIONS, type OpenaiOptions } from "./options.ts";
import { priceOf, withCost } from "./price.ts";
import { readReply } from "./read-reply.ts";
import { toModelError } from "./to-error.ts";
import { toRequest } from "./to-request.ts";
import { toolNames } from "./tool-names.ts";

/** Brings models of OpenAI, or of any server that speaks its chat-completions protocol. */
export function openai(options: OpenaiOptions = {}): Plugin {
  const name = options.name ?? "openai";
  const plugin = definePlugin({
    name,
    version: "0.1.0",
    options: OPTIONS,
    setup(ctx, checked) {
      // The schema is the check of this type.
      const given = checked as OpenaiOptions;
      const open = connecting(name, given);
      ctx.provide("model", openaiModel(name, given, { open, clock: ctx.clock }));
      if (given.embeddings === undefined) return;
      ctx.provide("embedder", openaiEmbedder(name, given.embeddings, { open, clock: ctx.clock }));
    },
  });
  return plugin(options as JsonObject);
}

function connecting(name: string, options: OpenaiOptions): () => Promise<Connection> {
  let opening: Promise<Connection> | undefined;
  return () => {
    opening ??= createConnection(name, options, openaiEnvironment()).catch((error: unknown) => {
      // A key that is set later must be found by the next call.
      opening = undefined;
      throw error;
    });
    return opening;
  };
}

function openaiModel(
  name: string,
  options: OpenaiOptions,
  { open, clock }: { open(): Promise<Connection>; readonly clock: Clock },
): Model {
  return {
    kind: "model",
    name,
    input: MODEL_INPUT,
    serves: (model) => options.models === undefined || options.models.includes(model),
    price: (model) => priceOf(options.prices ?? {}, [(model === name ? undefined : model) ?? options.models?.[0]]),
    async run(request, call) {
      const model = modelOf(name, request, options);
      const reply = await ask({ connection: await open(), model, clock }, request, call);
      const usage = withCost(usageOf(request, reply, call), options.prices ?? {}, [reply.model ?? model, model]);
      const whole: ModelReply = { ...reply, usage, model: reply.model ?? model };
      const { inputTokens, outputTokens, cost } = usage;
      const price = cost === undefined ? {} : { cost };
      call.emit("model.usage", {
        model: whole.model,
        inputTokens,
        outputTokens,
        ...price,
        rehearsal: whole.rehearsal === true,
      });
      return whole;
    },
  };
}

interface Asking {
  readonly connection: Connection;
  readonly model: string;
  readonly clock: Clock;
}

async function ask({ connection, model, clock }: Asking, request: ModelRequest, call: Call): Promise<FoldedReply> {
  const { client, url, native, timeout, key } = connection;
  const { signal } = call;
  const names = toolNames(request);
  const place = { url, model };
  const headers = call.run === undefined ? {} : { "Idempotency-Key": idempotencyKey(call.run) };
  try {
    const body = toRequest(request, { model, names, native });
    const response = await client.chat.completions.create(body, { signal, headers }).asResponse();
    const told = (text: string) => call.emit("action.delta", { body: text });
    const idOf = (index: number) => `call_${call.id}_${index}`;
    return await readReply({ response, names, place, signal, clock, timeout, told, idOf });
  } catch (error) {
    signal.throwIfAborted();
    throw toModelError(error, { ...place, timeout, now: clock.now(), key });
  }
}

// Called by its own name, the provider was not told which of its models is meant.
function modelOf(name: string, request: ModelRequest, { models }: OpenaiOptions): string {
  const asked = request.model === name ? undefined : request.model;
  const model = asked ?? models?.[0];
  if (model === undefined) throw fail("model.not_named", { provider: name });
  return model;
}

function usageOf(request: ModelRequest, reply: FoldedReply, call: Call) {
  if (reply.usage !== undefined) return reply.usage;
  call.log.debug("The endpoint reported no usage: tokens are estimated from the number of characters.");
  const wishes = reply.toolCalls.length === 0 ? "" : JSON.stringify(reply.toolCalls);
  return { inputTokens: estimateRequestTokens(request), outputTokens: estimateTokens(reply.text + wishes) };
}
