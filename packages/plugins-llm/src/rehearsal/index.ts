/** A model that answers by rule, and an OpenAI-compatible endpoint of it: for trying out, demos and tests. */

export type { RequestCounts, RequestRecord } from "./endpoint/request-record.ts";
export { type RehearsalEndpoint, type ServeOptions, serveRehearsal } from "./endpoint/serve.ts";
export type { Fault, FaultKind, Matcher, RehearsalOptions, RehearsalScript, Script, ScriptReply } from "./options.ts";
export { rehearsal } from "./rehearsal.ts";
export { type Rehearsed, rehearse } from "./rehearse.ts";
