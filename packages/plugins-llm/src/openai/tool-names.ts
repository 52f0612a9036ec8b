import { createHash } from "node:crypto";
import type { ModelRequest } from "@mofa/kernel";

/** The names of tools on the wire, where only `[a-zA-Z0-9_-]{1,64}` may travel, and back without loss. */
export interface ToolNames {
  toWire(name: string): string;
  fromWire(name: string): string;
}

/** Maps every tool name of a request; the same names give the same mapping in any order, so prompts stay cacheable. */
export function toolNames(request: ModelRequest): ToolNames {
  const plain = new Map<string, Set<string>>();
  for (const name of namesIn(request)) {
    const cleaned = clean(name);
    const sharing = plain.get(cleaned);
    if (sharing === undefined) plain.set(cleaned, new Set([name]));
    else sharing.add(name);
  }
  const out = new Map<string, string>();
  const back = new Map<string, string>();
  for (const [cleaned, names] of plain) {
    for (const name of names) {
      // Of two names that look the same when cleaned, only one that needed no cleaning keeps the looks.
      const wire = name === cleaned || names.size === 1 ? cleaned : marked(cleaned, name);
      out.set(name, wire);
      back.set(wire, name);
    }
  }
  return { toWire: (name) => out.get(name) ?? clean(name), fromWire: (name) => back.get(name) ?? name };
}

/** Makes any text a name that the wire takes. */
export function clean(name: string): string {
  const cleaned = name.replace(/[^a-zA-Z0-9_-]/g, "_");
  if (cleaned.length === 0) return "_";
  return cleaned.length <= 64 ? cleaned : marked(cleaned, name);
}

function marked(cleaned: string, name: string): string {
  return `${cleaned.slice(0, 53)}__${createHash("sha256").update(name).digest("hex").slice(0, 9)}`;
}

function* namesIn(request: ModelRequest): Iterable<string> {
  for (const tool of request.tools ?? []) yield tool.name;
  if (typeof request.toolChoice === "object") yield request.toolChoice.tool;
  for (const message of request.messages) {
    if (message.role === "assistant") for (const wish of message.toolCalls ?? []) yield wish.name;
  }
}
