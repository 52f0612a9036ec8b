// A call that lives in the kernel, as isolated code sees it. What it may do is done there, under the real call.
import {
  type Action,
  type Answer,
  type AnyAction,
  type Call,
  type Delivery,
  type Draft,
  type ErrorJson,
  type EventBodies,
  type EventType,
  fromErrorJson,
  type Heard,
  type HearOptions,
  type InvokeOptions,
  type JsonObject,
  type KindName,
  type Kinds,
  type Log,
  type LogLevel,
  type Question,
  type RunFrame,
  toJson,
} from "@mofa/kernel";
import { fail } from "../../errors.ts";
import { type CallHead, type CrossingOptions, type FromIsolate, type LocalAction, toMaybe, toPlain } from "../wire.ts";
import type { Afar, Ask, Looking } from "./afar.ts";

/** What a call needs of the code around it. */
export interface FarHost {
  readonly afar: Afar;
  send(message: FromIsolate): void;
  askFor(turn: number): Ask;
  /** Keeps an action of this side callable from the kernel while `work` goes on. */
  lend(action: AnyAction, parent: Call, work: (ref: number) => Promise<unknown>): Promise<unknown>;
}

export interface FarTurn {
  readonly turn: number;
  readonly action: AnyAction;
  readonly parent: Call | undefined;
  readonly head: CallHead;
}

export class FarCall implements Call {
  readonly id: string;
  readonly parent: Call | undefined;
  readonly action: AnyAction;
  readonly trace: string;
  readonly deadline: number | undefined;
  readonly run: RunFrame | undefined;
  readonly tenant: string;
  readonly session: string;
  readonly #host: FarHost;
  readonly #turn: number;
  readonly #ask: Ask;
  readonly #looking: Looking;
  #controller: AbortController | undefined = undefined;
  #reason: unknown = undefined;

  constructor(host: FarHost, { turn, action, parent, head }: FarTurn) {
    this.#host = host;
    this.#turn = turn;
    this.#ask = host.askFor(turn);
    this.#looking = { ask: this.#ask, call: this };
    this.id = head.id;
    this.parent = parent;
    this.action = action;
    this.trace = head.trace;
    this.deadline = head.deadline;
    this.tenant = head.tenant;
    this.session = head.session;
    this.run = head.run === undefined ? undefined : this.#frame(head.run);
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }

  get log(): Log {
    const at = (level: LogLevel) => (message: string, data?: JsonObject) => {
      const plain = data === undefined ? null : (toJson(data) as JsonObject);
      this.#host.send(["log", this.#turn, level, message, plain]);
    };
    return { debug: at("debug"), info: at("info"), warn: at("warn"), error: at("error") };
  }

  cancel(reason: ErrorJson): void {
    this.#reason = fromErrorJson(reason);
    this.#controller?.abort(this.#reason);
  }

  async invoke<Input, Output>(action: Action<Input, Output>, input: Input, options: InvokeOptions = {}) {
    const common = { input: toMaybe(input), ...crossing(options) };
    const { kind, name } = action;
    const ask = (operation: Parameters<Ask>[0]) => this.#ask(operation, options.signal) as Promise<Output>;
    if (this.#host.afar.has(action)) return ask({ do: "invoke", kind, name, ...common });
    const lent = this.#host.lend(action as AnyAction, this, (ref) =>
      ask({ do: "local", action: describe(ref, action as AnyAction), ...common }),
    );
    return lent as Promise<Output>;
  }

  get<Kind extends KindName>(kind: Kind, name: string): Kinds[Kind] {
    return this.#host.afar.get(kind, name, this.#looking) as unknown as Kinds[Kind];
  }

  find<Kind extends KindName>(kind: Kind, name?: string): Kinds[Kind] | undefined {
    return this.#host.afar.find(kind, name, this.#looking) as unknown as Kinds[Kind] | undefined;
  }

  list<Kind extends KindName>(kind: Kind): readonly Kinds[Kind][] {
    return this.#host.afar.list(kind, this.#looking) as unknown as readonly Kinds[Kind][];
  }

  emit<Type extends EventType>(type: Type, body: EventBodies[Type]): void {
    this.#host.send(["emit", this.#turn, type, toPlain(body) as JsonObject]);
  }

  async send(draft: Draft): Promise<Delivery> {
    const delivery = await this.#ask({ do: "send", draft: toJson(draft) as JsonObject });
    return delivery as unknown as Delivery;
  }

  async request(draft: Draft, options: InvokeOptions = {}): Promise<unknown> {
    return this.#ask({ do: "request", draft: toJson(draft) as JsonObject, ...crossing(options) }, options.signal);
  }

  now(): Promise<number> {
    return this.#ask({ do: "now" }) as Promise<number>;
  }

  random(): Promise<number> {
    return this.#ask({ do: "random" }) as Promise<number>;
  }

  uniqueId(): Promise<string> {
    return this.#ask({ do: "uniqueId" }) as Promise<string>;
  }

  async sleep(ms: number): Promise<void> {
    await this.#ask({ do: "sleep", ms });
  }

  async ask(question: Question): Promise<Answer> {
    const answer = await this.#ask({ do: "ask", question: toJson(question) as JsonObject });
    return answer as unknown as Answer;
  }

  async hear(name: string, options: HearOptions = {}): Promise<Heard | undefined> {
    const heard = await this.#ask({ do: "hear", name, options: toJson(options) as JsonObject });
    return (heard ?? undefined) as Heard | undefined;
  }

  #frame(head: NonNullable<CallHead["run"]>): RunFrame {
    return {
      ...head,
      now: () => this.now(),
      random: () => this.random(),
      uniqueId: () => this.uniqueId(),
      sleep: (ms) => this.sleep(ms),
      ask: (question) => this.ask(question),
      hear: (name, options) => this.hear(name, options),
      write: async (write) => void (await this.#ask({ do: "write", write: toJson(write) as JsonObject })),
    };
  }
}

function describe(ref: number, { kind, name, description, effect, timeout }: AnyAction): LocalAction {
  return {
    ref,
    kind,
    name,
    ...(description === undefined ? {} : { description }),
    ...(effect === undefined ? {} : { effect }),
    ...(timeout === undefined ? {} : { timeout }),
  };
}

/** The part of the options that is data. */
function crossing({ signal, frame, ...rest }: InvokeOptions): { options: CrossingOptions; stoppable: boolean } {
  if (frame !== undefined) throw fail("isolation.cannot_cross", { what: "the option frame" });
  return { options: toJson(rest) as CrossingOptions, stoppable: signal !== undefined };
}
