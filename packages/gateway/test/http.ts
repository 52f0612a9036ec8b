import { request } from "node:http";

export interface Answer {
  readonly status: number;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly text: string;
}

/** Asks over a socket of its own, with exactly these headers: `fetch` sets Host and Origin by itself. */
export function ask(
  url: string,
  options: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const { method = "GET", headers = {}, body = "" } = options;
    const asked = request(url, { method, headers, agent: false }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (piece: string) => {
        text += piece;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, headers: response.headers, text }));
    });
    asked.on("error", reject);
    asked.end(body);
  });
}

/** Sends JSON and gives the status and the JSON that comes back. */
export async function post(url: string, body: unknown, headers: Record<string, string> = {}) {
  const answer = await ask(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: typeof body === "string" ? body : JSON.stringify(body),
  });
  return { status: answer.status, headers: answer.headers, json: JSON.parse(answer.text) as Record<string, never> };
}

/** Gets JSON. */
export async function get(url: string) {
  const answer = await ask(url);
  return { status: answer.status, json: JSON.parse(answer.text) as Record<string, never> };
}
