/** Agents that answer with a model and use tools. */
export { type ReactOptions, reactAgent } from "./react.ts";
