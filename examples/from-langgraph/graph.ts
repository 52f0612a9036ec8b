import { Annotation, END, interrupt, START, StateGraph } from "@langchain/langgraph";
import type { BaseCheckpointSaver } from "@langchain/langgraph-checkpoint";

const State = Annotation.Root({
  question: Annotation<string>,
  draft: Annotation<string>,
  sent: Annotation<boolean>,
});

/** What people bring along: a LangGraph graph that drafts an answer, asks a human, and sends it. */
export function supportGraph(checkpointer: BaseCheckpointSaver, say: (line: string) => void) {
  return new StateGraph(State)
    .addNode("write", ({ question }) => {
      say(`write: drafts an answer to "${question}"`);
      return { draft: `About "${question}": we will look into it today.` };
    })
    .addNode("approve", ({ draft }) => {
      // LangGraph runs this node again from its first line when the answer is there.
      say("approve: begins");
      return { sent: interrupt({ title: "Send it?", draft }) === "yes" };
    })
    .addNode("send", ({ sent }) => {
      say(sent ? "send: sent" : "send: kept back");
      return {};
    })
    .addEdge(START, "write")
    .addEdge("write", "approve")
    .addEdge("approve", "send")
    .addEdge("send", END)
    .compile({ checkpointer });
}
