import type { Action } from "./action.ts";
import type { InvokeOptions, Middleware, Receive, WrapOptions } from "./call.ts";
import type { Clock } from "./clock.ts";
import { fail } from "./errors.ts";
import type { EventBodies, EventFilter, EventType, Watcher } from "./event.ts";
import type { Ids } from "./id.ts";
import type { KindName, Kinds } from "./kind.ts";
import type { Log } from "./log.ts";
import type { Delivery, Draft, MailboxOptions } from "./message.ts";
import { type Schema, type SchemaInput, type SchemaOutput, sayIssues, toCheck } from "./schema.ts";
import type { Owned } from "./scope.ts";

/** Something that can be loaded, replaced and taken away. */
export interface Plugin {
  readonly name: string;
  /** Semantic version. */
  readonly version: string;
  /** What it is for, in a sentence. */
  readonly description?: string;
  /**
   * Kinds (`store`), named things (`tool:weather`) or plugins (`plugin:weather@^2`) that must be there first. With a
   * question mark (`memory?`, `plugin:weather@^2?`) it does not need them, but starts after those that are on their way.
   */
  readonly needs?: readonly string[];
  /** What it will bring (`store`, `tool:weather`), where others should know before it has started. */
  readonly provides?: readonly string[];
  /** Holds something that cannot be held twice (a port): the old version ends before the new one starts. */
  readonly exclusive?: boolean;
  /** Milliseconds that calls in flight get to finish when it is replaced or taken away. Default 5,000. */
  readonly drain?: number;
  /** Milliseconds that `setup` may take, and `restore` when it takes over. Default 60,000. */
  readonly setupTimeout?: number;
  /** Brings things. Whatever it owns and provides is taken back when the plugin ends. */
  // biome-ignore lint/suspicious/noConfusingVoidType: a set-up with nothing to hand over returns nothing.
  setup(ctx: PluginContext): PluginState | void | Promise<PluginState | void>;
}

/**
 * State that is handed from one version of a plugin to the next. The snapshot is taken when the new version is ready, and
 * where `restore` returns nothing to wait for, no call can begin or end between the snapshot and the change of versions.
 * Calls in flight then finish on the old version: what they change later is not handed on. A plugin that cannot lose
 * that either is `exclusive`: its snapshot is taken when its calls have finished, and nobody serves meanwhile.
 */
export interface PluginState {
  snapshot?(): unknown;
  restore?(state: unknown): void | Promise<void>;
}

export type PluginStatus = "waiting" | "starting" | "active" | "stopping" | "failed" | "quarantined";

/** What a plugin works with while it is set up. */
export interface PluginContext {
  readonly name: string;
  /** Fires when the plugin ends. */
  readonly signal: AbortSignal;
  readonly log: Log;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Replaces secret values in what leaves the process as text. */
  redact<T>(value: T): T;
  own<T extends Owned>(thing: T): T;
  /** Puts a thing on a shelf; the newest of a name wins. The returned function takes it back early. */
  provide<Kind extends KindName>(kind: Kind, thing: Kinds[Kind]): () => void;
  /** Wraps the one path that every action takes. */
  wrap(middleware: Middleware, options?: WrapOptions): void;
  get<Kind extends KindName>(kind: Kind, name: string): Kinds[Kind];
  /** The newest thing of a kind (and name), or undefined. */
  find<Kind extends KindName>(kind: Kind, name?: string): Kinds[Kind] | undefined;
  list<Kind extends KindName>(kind: Kind): readonly Kinds[Kind][];
  /** Calls back for each matching event while the plugin is there; the returned function stops that early. */
  watch(filter: EventFilter, watcher: Watcher): () => void;
  emit<Type extends EventType>(type: Type, body: EventBodies[Type]): void;
  invoke<Input, Output>(action: Action<Input, Output>, input: Input, options?: InvokeOptions): Promise<Output>;
  send(draft: Draft): Delivery | Promise<Delivery>;
  /** Receives what is said to a topic pattern (`topic:orders.*`). */
  receive(address: string, receive: Receive, mailbox?: ReceiveOptions): void;
}

export interface ReceiveOptions extends MailboxOptions {
  /** Ends it before the plugin does. */
  readonly signal?: AbortSignal;
}

/** What `definePlugin` takes. */
export interface PluginOptions<S extends Schema> extends Omit<Plugin, "setup"> {
  /** What the factory takes, validated before `setup` sees it. */
  readonly options?: S;
  // biome-ignore lint/suspicious/noConfusingVoidType: a set-up with nothing to hand over returns nothing.
  setup(ctx: PluginContext, options: SchemaOutput<S>): PluginState | void | Promise<PluginState | void>;
}

/** Describes a plugin and gives its factory: `weather({ key })`. Options are checked when the plugin is set up. */
export function definePlugin<S extends Schema = { readonly type: "object" }>(
  definition: PluginOptions<S>,
): (options?: SchemaInput<S>) => Plugin {
  const { options: schema, setup, ...head } = definition;
  return (given) => ({
    ...head,
    setup: async (ctx) => setup(ctx, (await checkOptions(head.name, schema, given)) as SchemaOutput<S>),
  });
}

async function checkOptions(name: string, schema: Schema | undefined, given: unknown): Promise<unknown> {
  if (schema === undefined) return given ?? {};
  const checked = await toCheck(schema)(given ?? {});
  if ("value" in checked) return checked.value;
  throw fail("plugin.bad_options", { name, problems: sayIssues(checked.issues) });
}
