import { defineTool, defineWorkflow } from "@mofa/sdk";

export const write = defineTool({
  name: "write",
  description: "Drafts an answer.",
  input: { type: "object", properties: { question: { type: "string" } }, required: ["question"] },
  run: ({ question }) => `About "${question}": we will look into it today.`,
});

/** Where it says `once`, nothing is sent a second time, whatever happens in between. */
export const send = defineTool({
  name: "send",
  description: "Sends an answer.",
  effect: "once",
  input: { type: "object", properties: { text: { type: "string" } }, required: ["text"] },
  run: ({ text }, call) => {
    call.log.info(`sent: ${text}`);
    return true;
  },
});

/** The same flow as a MoFA workflow: a plain function; each call is kept when it has ended. */
export const support = defineWorkflow({
  name: "support",
  version: "1.0.0",
  input: { type: "object", properties: { question: { type: "string" } }, required: ["question"] },
  run: async ({ question }, call) => {
    const draft = await call.invoke(write, { question });
    const answer = await call.ask({ title: "Send it?", context: { draft }, options: ["yes", "no"] });
    return { draft, sent: answer.value === "yes" && (await call.invoke(send, { text: draft })) };
  },
});
