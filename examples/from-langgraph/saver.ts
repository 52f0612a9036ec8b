// A LangGraph checkpoint saver on a MoFA store: any of its databases, or the one in memory.
//
// 1. A channel's value is kept once for each of its versions, not once for each checkpoint: what a step writes is as
//    large as what the step changed.
// 2. A checkpoint is written after the values it names, so one that is there is whole.
// 3. Writing again what is there (a step that was repeated) changes nothing but the time.
import type { RunnableConfig } from "@langchain/core/runnables";
import {
  BaseCheckpointSaver,
  type ChannelVersions,
  type Checkpoint,
  type CheckpointListOptions,
  type CheckpointMetadata,
  type CheckpointPendingWrite,
  type CheckpointTuple,
  compareWritesSortKeys,
  maxChannelVersion,
  type PendingWrite,
  TASKS,
  WRITES_IDX_MAP,
  writesSortKey,
} from "@langchain/langgraph-checkpoint";
import type { Document, Json, Store } from "@mofa/sdk";

/** The part of a checkpoint's address that LangGraph hands around in `configurable`. */
interface Address {
  readonly thread_id?: string;
  readonly checkpoint_ns?: string;
  readonly checkpoint_id?: string;
}

/** A value as the serializer of LangGraph gives it: JSON as it is, everything else in base64. */
type Packed = { readonly type: string; readonly json: Json } | { readonly type: string; readonly base64: string };

interface KeptCheckpoint {
  readonly checkpoint: Packed;
  readonly metadata: Packed;
  readonly versions: ChannelVersions;
  readonly parent?: string;
}

interface KeptWrite {
  readonly task: string;
  readonly path: string;
  readonly index: number;
  readonly channel: string;
  readonly value: Packed;
}

const PAGE = 500;

/** Lends a MoFA store to LangGraph: `graph.compile({ checkpointer: new StoreSaver(store) })`. */
export class StoreSaver extends BaseCheckpointSaver {
  readonly #store: Store;

  constructor(store: Store) {
    super();
    this.#store = store;
  }

  override async getTuple(config: RunnableConfig): Promise<CheckpointTuple | undefined> {
    const { thread, ns = "", id } = listedOf(config);
    if (thread === undefined) return undefined;
    if (id !== undefined) {
      const found = await this.#store.get(`${placeOf(thread, ns)}/checkpoint/${part(id)}`);
      return found === undefined ? undefined : this.#toTuple(found, thread, ns);
    }
    const newest = (await this.#all(`${placeOf(thread, ns)}/checkpoint/`)).at(-1);
    return newest === undefined ? undefined : this.#toTuple(newest, thread, ns);
  }

  override async *list(config: RunnableConfig, options: CheckpointListOptions = {}): AsyncGenerator<CheckpointTuple> {
    const { thread, ns, id } = listedOf(config);
    const prefix = thread === undefined ? "langgraph/" : `langgraph/${part(thread)}/`;
    const before = options.before === undefined ? undefined : listedOf(options.before).id;
    const documents = (await this.#all(prefix)).map((document) => ({ document, at: partsOf(document.id) }));
    const wanted = documents
      .filter(({ at }) => at.what === "checkpoint" && (id === undefined || at.id === id))
      .filter(({ at }) => ns === undefined || at.ns === ns)
      .filter(({ at }) => before === undefined || at.id < before)
      .sort((left, right) => (left.at.id < right.at.id ? 1 : -1));
    let left = options.limit ?? Number.POSITIVE_INFINITY;
    for (const { document, at } of wanted) {
      if (left <= 0) return;
      const tuple = await this.#toTuple(document, at.thread, at.ns);
      const metadata = (tuple.metadata ?? {}) as Record<string, unknown>;
      if (!Object.entries(options.filter ?? {}).every(([name, value]) => metadata[name] === value)) continue;
      left--;
      yield tuple;
    }
  }

  override async put(
    config: RunnableConfig,
    checkpoint: Checkpoint,
    metadata: CheckpointMetadata,
    newVersions: ChannelVersions,
  ): Promise<RunnableConfig> {
    const { thread, ns, id: parent } = addressOf(config);
    const place = placeOf(thread, ns);
    const { channel_values: values, ...rest } = checkpoint;
    await Promise.all(
      Object.entries(newVersions).map(async ([channel, version]) => {
        const body = channel in values ? { value: await this.#pack(values[channel]) } : {};
        await this.#store.put(`${place}/value/${part(channel)}/${part(String(version))}`, body as Json);
      }),
    );
    const kept: KeptCheckpoint = {
      checkpoint: await this.#pack(rest),
      metadata: await this.#pack(metadata),
      versions: checkpoint.channel_versions,
      ...(parent !== undefined && { parent }),
    };
    await this.#store.put(`${place}/checkpoint/${part(checkpoint.id)}`, kept as unknown as Json);
    return configOf(thread, ns, checkpoint.id);
  }

  override async putWrites(config: RunnableConfig, writes: PendingWrite[], task: string, path = ""): Promise<void> {
    const { thread, ns, id } = addressOf(config);
    if (id === undefined) throw new Error("Writes belong to a checkpoint: give configurable.checkpoint_id.");
    const prefix = `${placeOf(thread, ns)}/write/${part(id)}/${part(task)}`;
    for (const [position, [channel, value]] of writes.entries()) {
      const special = WRITES_IDX_MAP[channel];
      const index = special ?? position;
      const kept: KeptWrite = { task, path, index, channel, value: await this.#pack(value) };
      const place = `${prefix}/${index}`;
      // An ordinary write of a task that runs again is the one that counts already.
      if (special === undefined && (await this.#store.get(place)) !== undefined) continue;
      await this.#store.put(place, kept as unknown as Json);
    }
  }

  override async deleteThread(thread: string): Promise<void> {
    for (const { id } of await this.#all(`langgraph/${part(thread)}/`)) await this.#store.delete(id);
  }

  /** Deletes all but the newest checkpoints of a thread, and the values and writes that nothing names any more. */
  async prune(thread: string, keep: number): Promise<number> {
    const documents = (await this.#all(`langgraph/${part(thread)}/`)).map(({ id, body }) => ({
      id,
      body,
      at: partsOf(id),
    }));
    const checkpoints = documents.filter(({ at }) => at.what === "checkpoint");
    const needed = new Set<string>();
    const spaces = new Set(checkpoints.map(({ at }) => at.ns));
    for (const ns of spaces) {
      // In order of their ids, which are made of their times.
      for (const { id, body, at } of checkpoints.filter((one) => one.at.ns === ns).slice(-keep)) {
        const place = placeOf(thread, ns);
        needed.add(id);
        for (const [channel, version] of Object.entries((body as unknown as KeptCheckpoint).versions))
          needed.add(`${place}/value/${part(channel)}/${part(String(version))}`);
        needed.add(`${place}/write/${part(at.id)}`);
      }
    }
    const gone = documents.filter(({ id }) => !needed.has(id) && !needed.has(id.split("/").slice(0, 5).join("/")));
    for (const { id } of gone) await this.#store.delete(id);
    return gone.length;
  }

  async #toTuple({ id: place, body }: Document, thread: string, ns: string): Promise<CheckpointTuple> {
    const { id } = partsOf(place);
    const kept = body as unknown as KeptCheckpoint;
    const bare = await this.#unpack<Omit<Checkpoint, "channel_values">>(kept.checkpoint);
    const values = await Promise.all(
      Object.entries(kept.versions).map(async ([channel, version]) => {
        const found = await this.#store.get(`${placeOf(thread, ns)}/value/${part(channel)}/${part(String(version))}`);
        const value = (found?.body as { value?: Packed } | undefined)?.value;
        return value === undefined ? [] : [[channel, await this.#unpack(value)] as const];
      }),
    );
    const checkpoint: Checkpoint = { ...bare, channel_values: Object.fromEntries(values.flat()) };
    if (checkpoint.v < 4 && kept.parent !== undefined) await this.#upgrade(checkpoint, thread, ns, kept.parent);
    return {
      config: configOf(thread, ns, id),
      checkpoint,
      metadata: await this.#unpack<CheckpointMetadata>(kept.metadata),
      pendingWrites: await this.#writesOf(thread, ns, id),
      ...(kept.parent !== undefined && { parentConfig: configOf(thread, ns, kept.parent) }),
    };
  }

  /** Before format 4, messages to nodes were writes of the checkpoint before; since then they are a channel. */
  async #upgrade(checkpoint: Checkpoint, thread: string, ns: string, parent: string): Promise<void> {
    const writes = await this.#writesOf(thread, ns, parent);
    checkpoint.channel_values[TASKS] = writes.flatMap(([, channel, value]) => (channel === TASKS ? [value] : []));
    const versions = Object.values(checkpoint.channel_versions);
    checkpoint.channel_versions[TASKS] =
      versions.length > 0 ? maxChannelVersion(...versions) : this.getNextVersion(undefined);
  }

  async #writesOf(thread: string, ns: string, id: string): Promise<CheckpointPendingWrite[]> {
    const documents = await this.#all(`${placeOf(thread, ns)}/write/${part(id)}/`);
    const writes = documents.map(({ body }) => body as unknown as KeptWrite);
    const key = ({ path, task, index }: KeptWrite) => writesSortKey(path, task, index);
    writes.sort((left, right) => compareWritesSortKeys(key(left), key(right)));
    return Promise.all(
      writes.map(
        async ({ task, channel, value }): Promise<CheckpointPendingWrite> => [task, channel, await this.#unpack(value)],
      ),
    );
  }

  /** All documents under a prefix, page by page, in order of their ids. */
  async #all(prefix: string): Promise<readonly Document[]> {
    const found: Document[] = [];
    for (;;) {
      const after = found.at(-1)?.id;
      const page = await this.#store.list({ prefix, limit: PAGE, ...(after !== undefined && { after }) });
      found.push(...page);
      if (page.length < PAGE) return found;
    }
  }

  async #pack(value: unknown): Promise<Packed> {
    const [type, bytes] = await this.serde.dumpsTyped(value);
    if (type === "json") return { type, json: JSON.parse(new TextDecoder().decode(bytes)) as Json };
    return { type, base64: Buffer.from(bytes).toString("base64") };
  }

  async #unpack<T>(packed: Packed): Promise<T> {
    const data = "json" in packed ? JSON.stringify(packed.json) : Buffer.from(packed.base64, "base64");
    return (await this.serde.loadsTyped(packed.type, data)) as T;
  }
}

function addressOf(config: RunnableConfig): {
  readonly thread: string;
  readonly ns: string;
  readonly id: string | undefined;
} {
  const { thread, ns = "", id } = listedOf(config);
  if (thread === undefined) throw new Error("A checkpoint belongs to a thread: give configurable.thread_id.");
  return { thread, ns, id };
}

function listedOf({ configurable = {} }: RunnableConfig) {
  const { thread_id: thread, checkpoint_ns: ns, checkpoint_id: id } = configurable as Address;
  return { thread, ns, id };
}

function configOf(thread: string, ns: string, id: string): RunnableConfig {
  return { configurable: { thread_id: thread, checkpoint_ns: ns, checkpoint_id: id } };
}

function placeOf(thread: string, ns: string): string {
  return `langgraph/${part(thread)}/${part(ns)}`;
}

/** A name as one part of a document's id: without slashes, and never empty. */
function part(name: string): string {
  return `=${encodeURIComponent(name)}`;
}

function partsOf(id: string) {
  const [, thread = "", ns = "", what = "", last = ""] = id.split("/");
  const name = (text: string) => decodeURIComponent(text.slice(1));
  return { thread: name(thread), ns: name(ns), what, id: name(last) };
}
