// 1f, 1g: an agent in another thread. The limit of one way is arrays of 100 objects, that of the round trip one text
// each way: the least that crosses without blocking whoever sends.
import { Worker } from "node:worker_threads";
import { createKernel } from "@mofa/kernel/host";
import { isolated } from "@mofa/runtime";
import { Gate } from "../../burst.ts";
import type { Case, Subject } from "../../measure.ts";

/** With the names around it, a message of about 110 bytes. */
const BODY = "a piece of an answer that grows, as a model gives them";
const MESSAGE = { type: "action.delta", at: 1_767_225_600_000, call: "c-1", body: BODY };

/** Many messages from the other thread, in bursts of 1,000. */
export function threadCase(): Case {
  return {
    name: "1f another thread, one way",
    subjects: [() => raw("limit", 100), mofaOneWay, () => raw("postMessage", 1)],
  };
}

/** There and back, one at a time. */
export function threadRoundTripCase(): Case {
  const text = JSON.stringify(MESSAGE);
  const subjects = [() => echo("limit", text), mofaRoundTrip, () => echo("postMessage", MESSAGE), asked];
  return { name: "1g another thread, round trip", subjects };
}

/** Says so many messages when told to, so many at once; echoes everything else. */
const PROGRAM = `
  const { parentPort } = require("node:worker_threads");
  const said = ${JSON.stringify(MESSAGE)};
  const say = (times, atOnce) => {
    let left = times;
    const burst = () => {
      for (let end = Math.max(0, left - 1000); left > end; left -= atOnce) {
        if (atOnce === 1) parentPort.postMessage({ ...said });
        else parentPort.postMessage(Array.from({ length: Math.min(atOnce, left - end) }, () => ({ ...said })));
      }
      if (left > 0) setImmediate(burst);
    };
    burst();
  };
  parentPort.on("message", (asked) => (asked.times === undefined ? parentPort.postMessage(asked) : say(asked.times, asked.atOnce)));
`;

function raw(name: string, atOnce: number): Subject {
  const worker = new Worker(PROGRAM, { eval: true });
  const gate = new Gate();
  worker.on("message", (said: typeof MESSAGE | readonly (typeof MESSAGE)[]) => {
    const all = Array.isArray(said) ? said : [said];
    for (let index = all.length; index > 0; index--) gate.arrive();
  });
  return {
    name,
    turn(times) {
      const arrived = gate.wait(times);
      worker.postMessage({ times, atOnce });
      return arrived;
    },
    end: async () => void (await worker.terminate()),
  };
}

function echo(name: string, message: unknown): Subject {
  const worker = new Worker(PROGRAM, { eval: true });
  const gate = new Gate();
  worker.on("message", () => gate.arrive());
  return {
    name,
    async turn(times) {
      for (let index = 0; index < times; index++) {
        const answered = gate.wait(1);
        worker.postMessage(message);
        await answered;
      }
    },
    end: async () => void (await worker.terminate()),
  };
}

/** Nearer to what we do: questions with a number and a signal, whose answers may come in any order. */
function asked(): Subject {
  const worker = new Worker(PROGRAM, { eval: true });
  const waiting = new Map<number, (answer: unknown) => void>();
  let count = 0;
  worker.on("message", ({ ask, body }: { readonly ask: number; readonly body: unknown }) => waiting.get(ask)?.(body));
  const ask = (body: unknown, signal: AbortSignal) =>
    new Promise((resolve, reject) => {
      const number = ++count;
      const end = () => {
        waiting.delete(number);
        signal.removeEventListener("abort", stop);
      };
      const stop = () => {
        end();
        reject(signal.reason);
      };
      signal.addEventListener("abort", stop, { once: true });
      waiting.set(number, (answer) => {
        end();
        resolve(answer);
      });
      worker.postMessage({ ask: number, body });
    });
  return {
    name: "postMessage, asked",
    async turn(times) {
      for (let index = 0; index < times; index++) await ask(MESSAGE, new AbortController().signal);
    },
    end: async () => void (await worker.terminate()),
  };
}

async function open() {
  const kernel = await createKernel();
  const module = new URL("./thread-agent.ts", import.meta.url);
  const agent = isolated<{ readonly times: number; readonly body: string }>({
    name: "thread",
    module,
    isolation: "worker",
  });
  kernel.provide("agent", agent);
  await kernel.started();
  return { kernel, agent };
}

async function mofaOneWay(): Promise<Subject> {
  const { kernel, agent } = await open();
  const gate = new Gate();
  kernel.watch({ type: "action.delta" }, () => gate.arrive());
  return {
    name: "mofa",
    async turn(times) {
      const arrived = gate.wait(times);
      await kernel.invoke(agent, { times, body: BODY });
      await arrived;
    },
    end: () => kernel.end(),
  };
}

async function mofaRoundTrip(): Promise<Subject> {
  const { kernel, agent } = await open();
  return {
    name: "mofa",
    async turn(times) {
      for (let index = 0; index < times; index++) await kernel.invoke(agent, { times: 0, body: BODY });
    },
    end: () => kernel.end(),
  };
}
