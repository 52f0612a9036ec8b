import { defineErrors } from "@mofa/kernel";

/** The errors of the agents package. */
export const fail = defineErrors({
  "agent.no_session_store": (d: { agent: string; session: string }) =>
    `The agent "${d.agent}" was given the session "${d.session}", but nothing keeps sessions. Add a persistence plugin.`,
  "agent.no_memory": (d: { agent: string }) =>
    `The agent "${d.agent}" is to use its memory, but there is none. Add a persistence plugin, or leave its option memory out.`,
  "agent.unknown_tool": (d: { agent: string; tool: string; known: string }) =>
    `The agent "${d.agent}" has no tool "${d.tool}". ${d.known === "" ? "It has no tools." : `It has: ${d.known}.`}`,
  "agent.broken_input": (d: { tool: string; text: string }) =>
    `The input for the tool "${d.tool}" is not JSON: ${d.text}. Call it again with one JSON object.`,
});
