import { expect, test } from "vitest";
import { openGateway } from "../test/fakes.ts";
import { ask, post } from "../test/http.ts";

const code = (text: string) => (JSON.parse(text) as { error: { code: string } }).error.code;

test("a request under a foreign name is refused, so that rebinding a name to this machine gains nothing", async () => {
  await using gateway = await openGateway();
  for (const host of ["evil.example", "evil.example:80", "127.0.0.1.evil.example", "localhost.evil.example", "[::2]"]) {
    const { status, text } = await ask(`${gateway.url}/api/status`, { headers: { host } });
    expect([host, status, code(text)]).toEqual([host, 403, "gateway.host_refused"]);
  }
});

test("names of this machine and those of the option hosts are heard", async () => {
  await using gateway = await openGateway({ hosts: ["mofa.example"] });
  for (const host of [
    "127.0.0.1",
    "127.0.0.1:4111",
    "LOCALHOST:1",
    "[::1]:4111",
    "mofa.localhost",
    "Mofa.Example:443",
  ]) {
    expect([host, (await ask(`${gateway.url}/healthz`, { headers: { host } })).status]).toEqual([host, 200]);
  }
});

test("a change asked for by a page of another site is refused", async () => {
  await using gateway = await openGateway();
  for (const origin of ["https://evil.example", "null", "http://127.0.0.1:1"]) {
    const { status, json } = await post(`${gateway.url}/api/runs`, {}, { origin });
    expect([origin, status, json]).toMatchObject([origin, 403, { error: { code: "gateway.origin_refused" } }]);
  }
  const own = await post(`${gateway.url}/api/runs`, {}, { origin: gateway.url });
  expect(own.status).toBe(503);
});

test("a change that is not JSON is refused: forms of other sites can send nothing else", async () => {
  await using gateway = await openGateway();
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "text/plain; application/json", ""]) {
    const answer = await ask(`${gateway.url}/api/runs`, {
      method: "POST",
      headers: { "content-type": type },
      body: "{}",
    });
    expect([type, answer.status, code(answer.text)]).toEqual([type, 415, "gateway.not_json"]);
  }
});

test("a body of more than a megabyte is refused, whether or not it says its length", async () => {
  await using gateway = await openGateway();
  const body = JSON.stringify({ workflow: "a", input: "x".repeat(1_048_576) });
  const said = await post(`${gateway.url}/api/runs`, body, { "content-length": String(body.length) });
  const unsaid = await post(`${gateway.url}/api/runs`, body, { "transfer-encoding": "chunked" });
  for (const { status, json } of [said, unsaid])
    expect([status, json]).toMatchObject([413, { error: { code: "gateway.body_too_large" } }]);
});

test("after a body that was too large, the next request is answered", async () => {
  await using gateway = await openGateway();
  const headers = { "content-type": "application/json" };
  const large = { method: "POST", headers, body: "x".repeat(8_000_000) };
  for (const path of ["/api/runs", "/api/runs/r/cancel", "/nowhere"]) {
    const refused = await fetch(`${gateway.url}${path}`, large);
    expect([413, 404]).toContain(refused.status);
    await refused.text();
    const next = await fetch(`${gateway.url}/nowhere`, { method: "DELETE", headers, body: "" });
    expect([next.status, code(await next.text())]).toEqual([404, "gateway.no_route"]);
  }
});

test("with a token, everything but /healthz needs it", async () => {
  await using gateway = await openGateway({ token: "s3cret:x" });
  const basic = `Basic ${Buffer.from("me:s3cret:x").toString("base64")}`;
  const status = async (path: string, authorization?: string) =>
    (await ask(`${gateway.url}${path}`, authorization === undefined ? {} : { headers: { authorization } })).status;
  expect(await status("/healthz")).toBe(200);
  for (const path of ["/", "/api/status", "/metrics", "/readyz", "/assets/page.js", "/nowhere"])
    expect(await status(path)).toBe(401);
  for (const wrong of ["Bearer s3cret", "Bearer ", "Basic xxx", "s3cret:x"])
    expect(await status("/api/status", wrong)).toBe(401);
  for (const right of ["Bearer s3cret:x", "bearer s3cret:x", basic])
    expect(await status("/api/status", right)).toBe(200);
});

test("a browser without the token is asked for a password", async () => {
  await using gateway = await openGateway({ token: "secret" });
  const { headers, text } = await ask(gateway.url, { headers: { accept: "text/html" } });
  expect(headers["www-authenticate"]).toContain("Basic");
  expect(text).toContain("<h1>Token needed</h1>");
});

test("without a token it does not listen where other machines could reach it", async () => {
  for (const host of ["0.0.0.0", "::", "192.0.2.1", "example.com"])
    await expect(openGateway({ host })).rejects.toMatchObject({ cause: { code: "gateway.needs_token" } });
  await using open = await openGateway({ host: "0.0.0.0", token: "secret" });
  expect(open.url).toMatch(/^http:\/\/0\.0\.0\.0:\d+$/);
});

test("every answer forbids what a page of ours never needs", async () => {
  await using gateway = await openGateway();
  for (const path of ["/", "/api/status", "/nowhere", "/assets/page.css"]) {
    const { headers } = await ask(`${gateway.url}${path}`);
    expect(headers["content-security-policy"]).toMatch(/^default-src 'self'; .*frame-ancestors 'none'/);
    expect(headers["x-content-type-options"]).toBe("nosniff");
    expect(headers["access-control-allow-origin"]).toBeUndefined();
  }
});
