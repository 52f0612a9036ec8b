import { z } from "zod";

const text = z.string().min(1);

const matcher = z.strictObject({
  contains: text.exactOptional(),
  matches: text.exactOptional(),
  system: text.exactOptional(),
  tool: text.exactOptional(),
  answered: text.exactOptional(),
  last: z.enum(["system", "user", "assistant", "tool"]).exactOptional(),
  model: text.exactOptional(),
});

const reply = z.strictObject({
  text: z.string().exactOptional(),
  tools: z.array(z.strictObject({ name: text, input: z.record(z.string(), z.json()).exactOptional() })).exactOptional(),
  output: z.json().exactOptional(),
});

/** What a project's rehearsal file may say: replies for certain requests, a seed, and how fast to speak. */
export const rehearsalFileSchema = z.strictObject({
  seed: z.int().exactOptional(),
  tokensPerSecond: z.number().positive().exactOptional(),
  replies: z.array(z.strictObject({ when: matcher.exactOptional(), reply })).exactOptional(),
});
