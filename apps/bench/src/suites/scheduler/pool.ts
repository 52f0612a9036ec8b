// 3c: async work, 16 at a time, of four priorities (fastq has none). Bursts of 1000; each caller awaits its own promise.
import { createPool, PRIORITIES } from "@mofa/kernel";
import { Gate, inBursts } from "../../burst.ts";
import type { Case, Subject } from "../../measure.ts";
import type { Peers } from "../../peer.ts";
import { FourRings } from "./rings.ts";

const BURST = 1000;
const AT_A_TIME = 16;

type Work = () => Promise<void>;

const work: Work = async () => {};

export function poolCase(peers: Peers): Case {
  const subjects = [limit, mofa, () => fastq(peers), () => pQueue(peers), () => bottleneck(peers)];
  return { name: "3c run async tasks, 16 at a time", subjects };
}

function running(name: string, run: (index: number) => Promise<unknown>): Subject {
  const gate = new Gate();
  const arrive = () => gate.arrive();
  return {
    name,
    turn: (times) =>
      inBursts(times, { size: BURST, gate }, (count) => {
        for (let index = 0; index < count; index++) void run(index).then(arrive);
      }),
  };
}

/** Four rings and a counter. */
function limit(): Subject {
  interface Waiting {
    readonly rank: number;
    readonly work: Work;
    readonly resolve: () => void;
    readonly reject: (error: unknown) => void;
  }
  const queue = new FourRings<Waiting>();
  let active = 0;
  const begin = (waiting: Waiting) => {
    active++;
    waiting.work().then(
      () => {
        waiting.resolve();
        leave();
      },
      (error) => {
        waiting.reject(error);
        leave();
      },
    );
  };
  const leave = () => {
    active--;
    const next = queue.take();
    if (next !== undefined) begin(next);
  };
  return running(
    "limit",
    (index) =>
      new Promise<void>((resolve, reject) => {
        const waiting = { rank: index & 3, work, resolve, reject };
        if (active < AT_A_TIME) begin(waiting);
        else queue.push(waiting);
      }),
  );
}

function mofa(): Subject {
  const pool = createPool({ concurrency: AT_A_TIME });
  const options = PRIORITIES.map((priority) => ({ priority }));
  return running("mofa", (index) => pool.run(work, options[index & 3]));
}

async function fastq(peers: Peers): Promise<Subject | undefined> {
  interface Queue {
    push(task: number): Promise<void>;
  }
  const peer = await peers.load<{ default: { promise(worker: Work, concurrency: number): Queue } }>("fastq");
  if (peer === undefined) return undefined;
  const queue = peer.default.promise(work, AT_A_TIME);
  return running("fastq", (index) => queue.push(index));
}

async function pQueue(peers: Peers): Promise<Subject | undefined> {
  interface Queue {
    add(work: Work, options: { readonly priority: number }): Promise<void>;
  }
  const peer = await peers.load<{ default: new (options: { concurrency: number }) => Queue }>("p-queue");
  if (peer === undefined) return undefined;
  const queue = new peer.default({ concurrency: AT_A_TIME });
  const options = [3, 2, 1, 0].map((priority) => ({ priority }));
  return running("p-queue", (index) => queue.add(work, options[index & 3] as { priority: number }));
}

async function bottleneck(peers: Peers): Promise<Subject | undefined> {
  interface Limiter {
    schedule(options: { readonly priority: number }, work: Work): Promise<void>;
  }
  const peer = await peers.load<{ default: new (options: { maxConcurrent: number }) => Limiter }>("bottleneck");
  if (peer === undefined) return undefined;
  const limiter = new peer.default({ maxConcurrent: AT_A_TIME });
  return running("bottleneck", (index) => limiter.schedule({ priority: 2 * (index & 3) }, work));
}
