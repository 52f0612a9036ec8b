import { defineErrors } from "@mofa/kernel";

const asked = (who: string) => `The request was refused: ${who}`;

/** The errors of this package: code → what happened, to which one by name, and what to do now. */
export const fail = defineErrors({
  "gateway.port_taken": (d: { host: string; port: number }) =>
    `Another program already listens on ${d.host}:${d.port}, perhaps a MoFA that is still running. End it (\`lsof -i :${d.port}\` shows which it is), choose another port, or choose port 0 to get any free one.`,
  "gateway.cannot_listen": (d: { host: string; port: number; reason: string }) =>
    `The gateway cannot listen on ${d.host}:${d.port}: ${d.reason}. Choose a host and port of this machine that you may use.`,
  "gateway.needs_token": (d: { host: string }) =>
    `The gateway would be reachable from other machines on ${d.host}, and anybody there could start runs and answer decisions. Set the option "token", or listen on 127.0.0.1.`,
  "gateway.host_refused": (d: { host: string }) =>
    asked(`this gateway is not called "${d.host}". Use 127.0.0.1 or localhost, or add the name to the option "hosts".`),
  "gateway.origin_refused": (d: { origin: string }) =>
    asked(`it comes from a page of "${d.origin}". Send it from the gateway's own pages, or from a program.`),
  "gateway.token_refused": (_: Record<never, never>) =>
    asked(
      'it carries no valid token. Send the header "Authorization: Bearer TOKEN"; in a browser, give the token as the password.',
    ),
  "gateway.not_json": (d: { type: string }) =>
    asked(`its content type is "${d.type}". Send JSON with the header "content-type: application/json".`),
  "gateway.bad_json": (d: { reason: string }) => asked(`its body is not JSON (${d.reason}).`),
  "gateway.body_too_large": (d: { limit: number }) =>
    asked(`its body is larger than ${d.limit} bytes. Send less, or keep it in a store.`),
  "gateway.bad_request": (d: { problems: string }) => asked(`${d.problems}.`),
  "gateway.no_route": (d: { method: string; path: string }) => `There is nothing at ${d.method} ${d.path}.`,
  "gateway.no_engine": (_: Record<never, never>) =>
    "No engine keeps runs here. Add the plugin workflow() from @mofa/workflow.",
  "gateway.no_runs": (_: Record<never, never>) =>
    "Nothing keeps runs here. Add the plugins workflow() from @mofa/workflow and, to keep runs on disk, sqlite() from @mofa/persistence.",
  "gateway.no_run": (d: { run: string }) => `There is no run "${d.run}". The list of runs shows those that are kept.`,
  "gateway.no_letter": (d: { letter: string }) =>
    `There is no dead letter "${d.letter}": it was replayed or cleared, or had to go for newer ones.`,
  "gateway.no_task": (d: { task: string }) => `No task "${d.task}" waits or runs: it has ended, or never was.`,
  "gateway.no_schedules": (_: Record<never, never>) =>
    "Nothing is done again and again here. Add the plugin schedules() from @mofa/runtime.",
  "gateway.no_control": (_: Record<never, never>) =>
    'The gateway may not see or steer plugins and agents. Grant it "control" in the configuration.',
  "gateway.too_many_streams": (d: { limit: number }) =>
    `${d.limit} clients already follow the events. Close one of them and try again.`,
  "gateway.check_timed_out": (d: { check: string; ms: number }) => `The ${d.check} did not answer within ${d.ms} ms.`,
});
