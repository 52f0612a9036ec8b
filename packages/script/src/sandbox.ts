// The sandbox "isolated": turns calls into jobs for the pool, and what comes back into outcomes.
//
// 1. Calls that may invoke nothing and share a source make one job: they cross the border together, into one isolate.
//    Every other call has an isolate of its own.
// 2. When a job of many is lost by the fault of one, each is done again alone: only the guilty one fails. A job that could
//    invoke nothing and lost its process to somebody outside is done again once.
// 3. What the caller cancels throws the caller's reason; everything else is an outcome.
import {
  type Call,
  fromErrorJson,
  type Json,
  type Sandbox,
  type ScriptCall,
  type ScriptLimits,
  type ScriptOutcome,
  type ScriptSource,
  toErrorJson,
} from "@mofa/kernel";
import { fail } from "./errors.ts";
import { serveHost } from "./host-calls.ts";
import { toLimits } from "./limits.ts";
import { toLost, toOutcome } from "./outcome.ts";
import type { Pool } from "./pool.ts";
import type { Job } from "./running-job.ts";

/** What a script exports. */
interface Exports {
  /** What is plain data. */
  readonly data: Readonly<Record<string, Json>>;
  /** The names of what can be called. */
  readonly functions: readonly string[];
}

export interface IsolatedSandbox extends Sandbox {
  inspect(source: ScriptSource): Promise<Exports>;
}

type Line = Job["line"];

// Losses that one call of a job is to blame for.
const GUILT = new Set(["script.crashed", "script.memory_exceeded", "script.wall_exceeded"]);
const LONGEST_SOURCE = 1024 * 1024;

/** Makes the sandbox over a pool of worker processes. */
export function createSandbox(pool: Pool, defaults: ScriptLimits): IsolatedSandbox {
  async function inspect(source: ScriptSource): Promise<Exports> {
    assertSize(source);
    const line: Line = {
      mode: "inspect",
      name: source.name,
      text: source.text,
      items: [],
      inputs: [],
      uses: [],
      limits: defaults,
    };
    const end = await pool.run({ line, host: async () => ({ good: false, text: "null" }) });
    if (end.lost !== undefined) throw toLost(end.lost, line);
    const outcome = toOutcome(end.outcomes[0] ?? { text: "", ms: 0 }, line, "run");
    if ("error" in outcome) throw fromErrorJson(outcome.error);
    return outcome.value as unknown as Exports;
  }

  async function runLine(line: Line, call: Call, again = true): Promise<readonly ScriptOutcome[]> {
    const { signal } = call;
    const { lost, outcomes } = await pool.run({ line, host: serveHost(call, line) }, signal);
    if (signal.aborted) throw signal.reason;
    if (lost === undefined)
      return line.items.map(([name], index) => toOutcome(outcomes[index] ?? { text: "", ms: 0 }, line, name));
    if (lost.code === "script.worker_lost" && again && line.uses.length === 0) return runLine(line, call, false);
    if (line.items.length > 1 && GUILT.has(lost.code)) return runEach(line, call);
    const error = toErrorJson(toLost(lost, line));
    return line.items.map(() => ({ error, ms: 0 }));
  }

  async function runEach(line: Line, call: Call): Promise<readonly ScriptOutcome[]> {
    const outcomes: ScriptOutcome[] = [];
    for (const [name, input] of line.items) {
      outcomes.push(...(await runLine({ ...line, items: [[name, 0]], inputs: [line.inputs[input] ?? "null"] }, call)));
    }
    return outcomes;
  }

  return {
    name: "isolated",
    inspect,
    describe: async (source) => (await inspect(source)).data,
    async evaluate(batch, call) {
      const outcomes: ScriptOutcome[] = [];
      const groups = toGroups(batch, defaults);
      await Promise.all(
        groups.map(async (group) => {
          const came = await runLine(group.line, call);
          group.places.forEach((place, index) => {
            outcomes[place] = came[index] as ScriptOutcome;
          });
        }),
      );
      return outcomes;
    },
  };
}

interface Group {
  readonly line: Line & { readonly items: [string, number][]; readonly inputs: string[] };
  /** Where each item stands in the batch. */
  readonly places: number[];
}

function toGroups(batch: readonly ScriptCall[], defaults: ScriptLimits): Group[] {
  const groups = new Map<string, Group>();
  const inputs = new Map<Group, Map<Json, number>>();
  const identify = createIdentities();
  batch.forEach(({ source, function: name = "run", input, uses = [], limits }, place) => {
    // What may act gets an isolate of its own: its calls must neither be repeated nor see each other.
    const key = uses.length > 0 ? `alone ${place}` : `${identify(source)} ${JSON.stringify(limits)}`;
    let group = groups.get(key);
    if (group === undefined) {
      assertSize(source);
      group = {
        line: {
          mode: "call",
          name: source.name,
          text: source.text,
          items: [],
          inputs: [],
          uses,
          limits: toLimits(defaults, limits),
        },
        places: [],
      };
      groups.set(key, group);
      inputs.set(group, new Map());
    }
    const known = inputs.get(group) as Map<Json, number>;
    let position = known.get(input);
    if (position === undefined) {
      position = group.line.inputs.push(JSON.stringify(input) ?? "null") - 1;
      known.set(input, position);
    }
    group.line.items.push([name, position]);
    group.places.push(place);
  });
  return [...groups.values()];
}

/** Numbers sources: the same object is the usual case and looked at once, equal text gets an equal number. */
function createIdentities(): (source: ScriptSource) => number {
  const objects = new Map<ScriptSource, number>();
  const texts = new Map<string, number>();
  return (source) => {
    const seen = objects.get(source);
    if (seen !== undefined) return seen;
    const text = `${source.name}\n${source.text}`;
    const number = texts.get(text) ?? texts.size;
    texts.set(text, number);
    objects.set(source, number);
    return number;
  };
}

function assertSize({ name, text }: ScriptSource): void {
  const bytes = Buffer.byteLength(text);
  if (bytes > LONGEST_SOURCE) throw fail("script.too_large", { script: name, bytes, most: LONGEST_SOURCE });
}
