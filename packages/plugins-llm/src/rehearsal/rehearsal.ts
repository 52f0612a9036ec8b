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
import { fail, retryable } from "../errors.ts";
import { MODEL_INPUT } from "../model-input.ts";
import { breakingJson, createFaults, type Faults, refusing } from "./faults.ts";
import { checkMatchers } from "./match.ts";
import { type Fault, OPTIONS, type RehearsalOptions } from "./options.ts";
import { forever, tellPieces } from "./pause.ts";
import { type Rehearsed, rehearse } from "./rehearse.ts";

/** Brings a model that answers by rule, without network and always the same: for trying out, demos and tests. */
export function rehearsal(options: RehearsalOptions = {}): Plugin {
  const name = options.name ?? "rehearsal";
  const plugin = definePlugin({
    name,
    version: "0.1.0",
    options: OPTIONS,
    setup(ctx, checked) {
      // The schema is the check of this type.
      const script = checked as RehearsalOptions;
      checkMatchers(script);
      ctx.provide("model", rehearsalModel(name, script, ctx.clock));
    },
  });
  return plugin(options as JsonObject);
}

function rehearsalModel(name: string, options: RehearsalOptions, clock: Clock): Model {
  const faults = createFaults(options.faults ?? []);
  const { models = [] } = options;
  return {
    kind: "model",
    name,
    input: MODEL_INPUT,
    serves: (model) => models.includes("*") || models.includes(model),
    // Nobody real answers, so nobody is paid: a budget without any money lets it through.
    price: () => ({ input: 0, output: 0 }),
    async run(request, call) {
      const named = { ...request, model: request.model ?? name };
      const reply = await answer(named, { options, faults, clock }, call);
      const { inputTokens, outputTokens } = reply.usage;
      call.emit("model.usage", { model: reply.model, inputTokens, outputTokens, rehearsal: true });
      return reply;
    },
  };
}

interface Stage {
  readonly options: RehearsalOptions;
  readonly faults: Faults;
  readonly clock: Clock;
}

async function answer(request: ModelRequest, { options, faults, clock }: Stage, call: Call): Promise<ModelReply> {
  const fault = faults(request);
  const { signal } = call;
  if (fault?.kind === "timeout") return forever(signal);
  const place = { url: "rehearsal", model: request.model ?? "rehearsal" };
  throwFault(fault, place);
  const { reply, pieces } = bend(rehearse(request, options), fault);
  const told = fault?.kind === "cut_stream" ? pieces.slice(0, Math.ceil(pieces.length / 2)) : pieces;
  await tellPieces(told, (piece) => call.emit("action.delta", { body: piece }), {
    clock,
    signal,
    tokensPerSecond: options.tokensPerSecond,
  });
  if (fault?.kind === "cut_stream") {
    throw fail("model.stream_broken", { ...place, received: told.join("").length }, { retryable: true });
  }
  return reply;
}

function throwFault(fault: Fault | undefined, place: { readonly url: string; readonly model: string }): void {
  const reason = "the rehearsal was told to fail.";
  if (fault?.kind === "error") throw retryable("model.unavailable", { ...place, reason, status: 500 });
  if (fault?.kind === "rate_limit")
    throw retryable("model.rate_limited", { ...place, reason, retryAfter: fault.retryAfter ?? 1000 });
}

function bend(rehearsed: Rehearsed, fault: Fault | undefined): Rehearsed {
  if (fault?.kind === "refuse") return refusing(rehearsed);
  return fault?.kind === "broken_json" ? breakingJson(rehearsed) : rehearsed;
}
