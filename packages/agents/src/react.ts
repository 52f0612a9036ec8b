// The ReAct loop: think (a model call), act (tool calls), and again, until the model answers without wishing for a tool.
//
// 1. A session is read once at the beginning of a turn and written once at its end.
// 2. Every model call and tool call is a call of its own: under a run each is journalled, and never paid for twice.
// 3. What a tool throws is told to the model, which may correct itself; a cancel is not: it ends the turn.
// 4. In the last round the model may call no tool, so a turn ends with an answer.
import {
  type Action,
  type Agent,
  type AgentInput,
  type AgentReply,
  type Call,
  describeTool,
  type Json,
  type MailboxOptions,
  type ModelMessage,
  type ModelReply,
  type ModelUsage,
  resolveModel,
  type SessionStore,
  type Supervision,
  type Tool,
  type ToolCall,
  toErrorJson,
  toJson,
  type Workflow,
} from "@mofa/kernel";
import { fail } from "./errors.ts";
import { type MemoryUse, recall, rememberTool } from "./memory.ts";

/** What an agent may use like a tool. */
export type Usable = Tool | Workflow | Agent;

export interface ReactOptions {
  readonly name: string;
  readonly description?: string;
  /** A model on the shelf, a name that a provider serves (`gpt-5-mini`), or both (`openai/gpt-5-mini`). */
  readonly model: string;
  readonly instructions?: string;
  /**
   * What it may use: tools, workflows and other agents themselves, or their names on the shelf, looked up in each turn:
   * `weather` is a tool, `workflow:refund` and `agent:ann` are what they say.
   */
  readonly tools?: readonly (Usable | string)[];
  /** Model calls in one turn at most. Default 8. */
  readonly maxRounds?: number;
  /** Session entries that the model sees. Default 40. */
  readonly history?: number;
  /** Facts near to the question are told to the model; `{}` for the agent's own. Default: none are. */
  readonly memory?: MemoryUse;
  readonly temperature?: number;
  readonly maxTokens?: number;
  readonly roles?: readonly string[];
  readonly topics?: readonly string[];
  readonly mailbox?: MailboxOptions;
  /** What it can do, for whoever dispatches work by it. */
  readonly capabilities?: readonly string[];
  /** What becomes of it when it fails. Default: restarted by the kernel when it crashed. */
  readonly supervision?: Supervision;
  /** Turns at a time. Default 1. */
  readonly concurrency?: number;
  /** Milliseconds for one turn. */
  readonly timeout?: number;
}

/** Makes an agent that answers with a model and uses tools until it has an answer. */
export function reactAgent(options: ReactOptions): Agent<AgentInput, AgentReply> {
  const { name, description, roles, topics, mailbox, capabilities, supervision, concurrency, timeout } = options;
  return {
    kind: "agent",
    name,
    input: INPUT,
    ...(description === undefined ? {} : { description }),
    ...(roles === undefined ? {} : { roles }),
    ...(topics === undefined ? {} : { topics }),
    ...(mailbox === undefined ? {} : { mailbox }),
    ...(capabilities === undefined ? {} : { capabilities }),
    ...(supervision === undefined ? {} : { supervision }),
    ...(concurrency === undefined ? {} : { concurrency }),
    ...(timeout === undefined ? {} : { timeout }),
    run: (input, call) => takeTurn(options, input, call),
  };
}

const INPUT = {
  type: "object",
  properties: { text: { type: "string" }, session: { type: "string", minLength: 1, maxLength: 512 } },
  required: ["text"],
  additionalProperties: false,
} as const;

interface Session {
  readonly store: SessionStore;
  readonly id: string;
  readonly at: number;
}

async function takeTurn(options: ReactOptions, input: AgentInput, call: Call): Promise<AgentReply> {
  const session = input.session === undefined ? undefined : await openSession(options.name, input.session, call);
  const history = session === undefined ? [] : await readHistory(session, options.history ?? 40);
  const said: ModelMessage[] = [{ role: "user", text: input.text }];
  const system: ModelMessage[] =
    options.instructions === undefined ? [] : [{ role: "system", text: options.instructions }];
  if (options.memory !== undefined) {
    system.push(...(await recall(input.text, { agent: options.name, use: options.memory }, call)));
  }
  const reply = await answer(options, { before: [...system, ...history], said }, call);
  // Whoever cancelled was told that the turn did not happen: then nothing may be kept of it.
  call.signal.throwIfAborted();
  if (session !== undefined) {
    const place = { at: session.at, turn: call.run?.key ?? call.id };
    await session.store.append(session.id, said.map(toJson), place);
  }
  return reply;
}

interface Conversation {
  readonly before: readonly ModelMessage[];
  /** What is said in this turn; grows. */
  readonly said: ModelMessage[];
}

async function answer(options: ReactOptions, { before, said }: Conversation, call: Call): Promise<AgentReply> {
  const maxRounds = options.maxRounds ?? 8;
  const tools = findTools(options, call);
  let usage: ModelUsage = { inputTokens: 0, outputTokens: 0 };
  let rehearsal = false;
  for (let round = 1; ; round++) {
    const last = round >= maxRounds;
    const reply = await think(options, { messages: [...before, ...said], tools, last }, call);
    usage = addUsage(usage, reply.usage);
    rehearsal ||= reply.rehearsal === true;
    const wishes = last ? [] : reply.toolCalls;
    said.push({ role: "assistant", text: reply.text, ...(wishes.length === 0 ? {} : { toolCalls: wishes }) });
    if (wishes.length === 0) {
      const finish = reply.finish === "tools" ? "rounds" : reply.finish;
      return { text: reply.text, rounds: round, usage, finish, ...(rehearsal ? { rehearsal } : {}) };
    }
    said.push(...(await Promise.all(wishes.map((wish) => act(options.name, tools, { wish, call })))));
  }
}

function think(
  options: ReactOptions,
  round: { messages: readonly ModelMessage[]; tools: ReadonlyMap<string, Usable>; last: boolean },
  call: Call,
): Promise<ModelReply> {
  const { model, as } = resolveModel(call.list("model"), options.model);
  const described = [...round.tools.values()].map(describeTool);
  return call.invoke(model, {
    model: as,
    messages: round.messages,
    ...(described.length === 0 ? {} : { tools: described, toolChoice: round.last ? "none" : "auto" }),
    ...(options.temperature === undefined ? {} : { temperature: options.temperature }),
    ...(options.maxTokens === undefined ? {} : { maxTokens: options.maxTokens }),
  });
}

async function act(
  agent: string,
  tools: ReadonlyMap<string, Usable>,
  { wish, call }: { wish: ToolCall; call: Call },
): Promise<ModelMessage> {
  const head = { role: "tool", call: wish.id, name: wish.name } as const;
  try {
    const tool = tools.get(wish.name);
    if (tool === undefined)
      throw fail("agent.unknown_tool", { agent, tool: wish.name, known: [...tools.keys()].join(", ") });
    if (typeof wish.input === "string")
      throw fail("agent.broken_input", { tool: wish.name, text: wish.input.slice(0, 200) });
    const output: unknown = await call.invoke(tool, wish.input);
    return { ...head, text: typeof output === "string" ? output : JSON.stringify(output ?? null) };
  } catch (error) {
    // A cancel is nobody's failure to correct.
    if (call.signal.aborted) throw error;
    const { code, message } = toErrorJson(error);
    return { ...head, text: JSON.stringify({ error: { code, message } }), failed: true };
  }
}

function findTools(options: ReactOptions, call: Call): ReadonlyMap<string, Usable> {
  const tools = (options.tools ?? []).map((tool) => (typeof tool === "string" ? named(tool, call) : tool));
  if (options.memory?.remember === true) tools.push(rememberTool(options.name, options.memory));
  return new Map(tools.map((tool) => [tool.name, tool]));
}

function named(name: string, call: Call): Usable {
  if (name.startsWith("workflow:")) return call.get("workflow", name.slice("workflow:".length));
  if (name.startsWith("agent:")) return call.get("agent", name.slice("agent:".length));
  return call.get("tool", name);
}

async function openSession(agent: string, id: string, call: Call): Promise<Session> {
  const store = call.find("session");
  if (store === undefined) throw fail("agent.no_session_store", { agent, session: id });
  // Its own call, so that a replayed turn sees the length that the first one saw.
  const measure: Action<{ id: string }, number> = {
    kind: "session",
    name: "length",
    effect: "idempotent",
    run: (input) => store.length(input.id),
  };
  return { store, id, at: await call.invoke(measure, { id }) };
}

async function readHistory({ store, id, at }: Session, last: number): Promise<readonly ModelMessage[]> {
  const entries = at === 0 ? [] : await store.load(id, { until: at, last });
  const messages = entries.map((entry) => entry.body as unknown as ModelMessage & Json);
  // A tool's answer without the wish before it is refused by providers: begin with what somebody said.
  const first = messages.findIndex((message) => message.role === "user");
  return first < 0 ? [] : messages.slice(first);
}

function addUsage(left: ModelUsage, right: ModelUsage): ModelUsage {
  const sum = {
    inputTokens: left.inputTokens + right.inputTokens,
    outputTokens: left.outputTokens + right.outputTokens,
  };
  const cost = left.cost === undefined && right.cost === undefined ? undefined : (left.cost ?? 0) + (right.cost ?? 0);
  return cost === undefined ? sum : { ...sum, cost };
}
