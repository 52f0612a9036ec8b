import type { Json, ModelRequest } from "@mofa/kernel";
import { fail } from "../errors.ts";
import { type Conversation, wasWished } from "./conversation.ts";
import type { Matcher, RehearsalOptions, Script, ScriptReply } from "./options.ts";

/** Says whether a request fits; gives the groups of the matcher's expression, or undefined. */
export function matchRequest(
  matcher: Matcher | undefined,
  request: ModelRequest,
  conversation: Conversation,
): readonly string[] | undefined {
  if (matcher === undefined) return [];
  const { contains, matches, system, tool, answered, last, model } = matcher;
  const { text } = conversation;
  if (contains !== undefined && !holds(text, contains)) return undefined;
  if (system !== undefined && !holds(conversation.system, system)) return undefined;
  if (tool !== undefined && request.tools?.some(({ name }) => sameTool(name, tool)) !== true) return undefined;
  if (answered !== undefined && !conversation.answers.some(({ name }) => sameTool(name, answered))) return undefined;
  if (last !== undefined && request.messages.at(-1)?.role !== last) return undefined;
  if (model !== undefined && request.model !== model) return undefined;
  if (matches === undefined) return [];
  const found = toExpression(matches).exec(text);
  return found === null ? undefined : [...found].map((group) => group ?? "");
}

/** The first script that fits, its groups put in. A script that would repeat a call of this turn is passed over. */
export function findScript(
  scripts: readonly Script[],
  request: ModelRequest,
  conversation: Conversation,
): ScriptReply | undefined {
  for (const { when, reply } of scripts) {
    const groups = matchRequest(when, request, conversation);
    if (groups === undefined) continue;
    const filled = withOfferedNames(putIn(reply as Json, groups) as ScriptReply, request);
    if ((filled.tools ?? []).some(({ name, input }) => wasWished(conversation, name, input ?? {}))) continue;
    return filled;
  }
  return undefined;
}

/** Refuses expressions that cannot be read, when they are given and not when they are needed. */
export function checkMatchers({ replies = [], faults = [] }: Pick<RehearsalOptions, "replies" | "faults">): void {
  checkExpressions(
    "replies",
    replies.map(({ when }) => when),
  );
  checkExpressions(
    "faults",
    faults.map(({ when }) => when),
  );
}

function checkExpressions(place: string, matchers: readonly (Matcher | undefined)[]): void {
  for (const matcher of matchers) {
    if (matcher?.matches === undefined) continue;
    try {
      toExpression(matcher.matches);
    } catch (error) {
      const reason = `"${matcher.matches}" is no regular expression.`;
      throw fail("rehearsal.bad_script", { place, reason }, { cause: error });
    }
  }
}

function withOfferedNames(reply: ScriptReply, { tools = [] }: ModelRequest): ScriptReply {
  if (reply.tools === undefined) return reply;
  const offered = (name: string) => tools.find((tool) => sameTool(tool.name, name))?.name ?? name;
  return { ...reply, tools: reply.tools.map((wish) => ({ ...wish, name: offered(wish.name) })) };
}

// On the wire `store.get` is `store_get`: a script must fit on both sides of it.
function sameTool(left: string, right: string): boolean {
  return left === right || left.replace(/[^\w-]/g, "_") === right.replace(/[^\w-]/g, "_");
}

function toExpression(text: string): RegExp {
  return new RegExp(text, "iu");
}

function holds(text: string, part: string): boolean {
  return text.toLowerCase().includes(part.toLowerCase());
}

function putIn(value: Json, groups: readonly string[]): Json {
  if (typeof value === "string") return value.replace(/\$(\d)/g, (hit, digit: string) => groups[Number(digit)] ?? hit);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map((item: Json) => putIn(item, groups));
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, item === undefined ? undefined : putIn(item, groups)]),
  );
}
