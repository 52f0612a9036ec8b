// A night at a print shop. Everything that goes wrong here goes wrong on purpose, and the night ends well.
import { createMofa, type Event, isMofaError, toErrorJson } from "@mofa/sdk";
import { rehearsal } from "@mofa/sdk/llm/rehearsal";
import { schedules } from "@mofa/sdk/runtime";
import { guard, mailRoom, press, teller } from "./crew.ts";
import { createSay } from "./say.ts";

const say = createSay();
const story = "Once upon a time there was a press that printed its own story, page after page. ".repeat(50);

await using mofa = await createMofa({
  plugins: [rehearsal({ replies: [{ reply: { text: story } }], tokensPerSecond: 150 }), schedules()],
  budgets: [{ name: "breath", scope: "agent", of: "teller", limits: { ms: 600 } }],
  // What goes wrong is told below.
  log: () => {},
});

say("", "The guard walks a round every 200 ms. It falls on every fourth, and its supervisor brings it back.");
mofa.provide("supervisor", { name: "house", maxRestarts: 5, within: 10_000, backoff: { first: 50 } });
mofa.watch({ type: "agent.changed" }, (event) => {
  if (event.type !== "agent.changed" || event.name !== "guard") return;
  if (event.to === "failed") say("guard", "has fallen: its process is gone");
  if (event.from === "starting" && event.to === "ready") say("guard", "is on its feet, in a new process");
});
mofa.provide("agent", guard);
await mofa.started();
const rounds = mofa
  .get("schedules", "schedules")
  .add({ name: "rounds", every: 200, task: { capabilities: ["patrol"], input: {}, priority: "low" } });
await until("agent.changed", (event) => event.name === "guard" && "to" in event && event.to === "failed");

say("", "The press does one job at a time. The front page is in more of a hurry than the catalogue.");
mofa.provide("agent", press(say));
const { scheduler } = mofa;
const print = (job: string, pages: number) => ({ role: "printer", name: job, input: { job, pages } });
const catalogue = scheduler.submit({ ...print("the catalogue", 12), priority: "low", preemptible: true });
await until("action.delta", (event) => "body" in event && event.body === "5 ");
const front = scheduler.submit({ ...print("the front page", 2), priority: "critical" });
await Promise.all([front.result, catalogue.result]);

say("", "The teller would talk all night. It has a budget of 600 ms of talk.");
const talk = mofa.agent(teller).stream("Tell me the story of the press.");
const { words, end } = await listen(talk);
say("teller", `was stopped after ${words} words: ${end}`);

say("", "The mail room cannot read every letter. What it fails over is kept, and is delivered again when it can.");
await mofa.plug(mailRoom("1.0.0", say));
const dead = until("message.dead");
for (const body of ["Ten reams of paper, please.", "Tusen takk! Hilsen Åse"])
  await mofa.send({ to: "agent:mail", type: "letter", body });
await dead;
for (const { message, reason } of mofa.deadLetters.list())
  say("mail", `kept as a dead letter: ${message.body} (${reason.message})`);
await mofa.replace(mailRoom("1.1.0", say));
say("mail", "is now version 1.1.0, swapped in while it runs");
await mofa.deadLetters.replay();
await mofa.replace(mailRoom("1.2.0", say));
say("mail", "is now version 1.2.0");
await mofa.request({ to: "agent:mail", type: "letter", body: "Good night, mail room" });
await mofa.rollback("mail-room");
const versions = mofa.history("mail-room").map(({ version, status }) => `${version} ${status}`);
say("mail", `is rolled back; so far: ${versions.join(", ")}`);
await mofa.request({ to: "agent:mail", type: "letter", body: "Good night, mail room" });

say("", "It is morning: whoever prints a whole encyclopedia is interrupted.");
const encyclopedia = mofa.request({
  to: "role:printer?one",
  type: "job",
  body: { job: "the encyclopedia", pages: 9999 },
});
await until("action.delta", (event) => "body" in event && event.body === "3 ");
const told = encyclopedia.catch((error: unknown) => say("press", toErrorJson(error).message));
mofa.interrupt({ agent: "press" }, "the day shift needs the press");
await told;
rounds.end();
const { done, failed } = rounds.info;
const brought = mofa.agents().find(({ name }) => name === "guard")?.restarts;
say("guard", `went ${done} rounds to their end, fell on ${failed}, and was brought back ${brought} times`);

/** Waits for something to happen. */
function until(type: Event["type"], is: (event: Event) => boolean = () => true): Promise<void> {
  return new Promise((resolve) => {
    const unwatch = mofa.watch({ type }, (event) => {
      if (!is(event)) return;
      unwatch();
      resolve();
    });
  });
}

async function listen(stream: AsyncIterable<Event>): Promise<{ words: number; end: string }> {
  let words = 0;
  try {
    for await (const event of stream)
      if (event.type === "action.delta") words += event.body.trim().split(/\s+/u).length;
    return { words, end: "it had no more to say" };
  } catch (error) {
    return { words, end: isMofaError(error) ? error.message : String(error) };
  }
}
