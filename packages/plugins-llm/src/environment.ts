/** What the process's environment says about an OpenAI-compatible endpoint; empty values count as absent. */
export function openaiEnvironment(): { readonly apiKey: string | undefined; readonly baseURL: string | undefined } {
  return { apiKey: read("OPENAI_API_KEY"), baseURL: read("OPENAI_BASE_URL") };
}

function read(name: string): string | undefined {
  const value = process.env[name]?.trim();
  return value === "" ? undefined : value;
}
