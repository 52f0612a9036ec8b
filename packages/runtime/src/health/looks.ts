import { type Control, isMofaError, type KindName, type Kinds, type PluginContext } from "@mofa/kernel";
import { type Look, type Sight, WELL } from "./look.ts";
import type { LoopDelay } from "./loop-delay.ts";
import type { ModelRecord } from "./model-record.ts";

/** From where on something is wrong. */
export interface HealthLimits {
  /** The share of a mailbox that is filled. Default 0.9. */
  readonly mailbox?: number;
  /** Milliseconds that the event loop is late, for one in a hundred turns. Default 500. */
  readonly delay?: number;
  /** Milliseconds that the event loop stood still at a stretch: only a restart helps. Default 10,000. */
  readonly blocked?: number;
  /** The share of the heap that is in use. Default 0.9. */
  readonly heap?: number;
  /** The share of a model's last calls that failed. Default 0.5. */
  readonly modelErrors?: number;
  /** Messages that nobody could take or handle, from one look to the next. Default 100. */
  readonly deadLetters?: number;
}

export const LIMITS: Required<HealthLimits> = {
  mailbox: 0.9,
  delay: 500,
  blocked: 10_000,
  heap: 0.9,
  modelErrors: 0.5,
  deadLetters: 100,
};

/** What the looks look at. */
export interface Views {
  readonly ctx: Pick<PluginContext, "find" | "list">;
  readonly limits: Required<HealthLimits>;
  readonly delay: LoopDelay;
  readonly models: ModelRecord;
  /** Bytes of heap. */
  readonly heap: () => { readonly used: number; readonly limit: number };
}

const MAILBOX = 1000;

/** Everything that is looked at in every process. */
export function standardLooks(views: Views): readonly Look[] {
  const { ctx, limits, delay, models } = views;
  const control = (see: (control: Control) => Sight): Sight => through(ctx, see);
  return [
    {
      name: "event-loop",
      live: true,
      see: () => wrongIf(delay.longest() > limits.blocked, sayBlocked(delay.longest())),
    },
    { name: "delay", see: () => seeDelay(delay, limits.delay) },
    { name: "memory", see: () => seeHeap(views.heap(), limits.heap) },
    { name: "plugins", see: () => control(seePlugins) },
    { name: "agents", see: () => control(seeAgents) },
    { name: "mailboxes", see: () => control((seen) => seeMailboxes(seen, ctx, limits.mailbox)) },
    { name: "dead-letters", see: deadLetterLook(control, limits.deadLetters) },
    { name: "journal", see: () => reach("journal", ctx.find("journal")) },
    { name: "store", see: () => reach("store", ctx.find("store")) },
    {
      name: "models",
      see: () =>
        seeModels(
          ctx.list("model").map(({ name }) => name),
          models,
          limits.modelErrors,
        ),
    },
  ];
}

const wrongIf = (is: boolean, wrong: string): Sight => (is ? { wrong } : WELL);
const percent = (share: number) => `${Math.round(share * 100)} %`;
const sayBlocked = (ms: number) => `The event loop stood still for ${Math.round(ms)} ms.`;

function through(ctx: Views["ctx"], see: (control: Control) => Sight): Sight {
  try {
    const control = ctx.find("control");
    return control === undefined ? { unknown: "The kernel offers no control." } : see(control);
  } catch (error) {
    if (isMofaError(error, "plugin.not_granted")) return { unknown: error.message };
    throw error;
  }
}

function seeDelay(delay: LoopDelay, limit: number): Sight {
  const ms = delay.usual();
  return wrongIf(ms > limit, `The event loop is ${Math.round(ms)} ms late (limit ${limit} ms): it has too much to do.`);
}

function seeHeap({ used, limit }: { readonly used: number; readonly limit: number }, share: number): Sight {
  return wrongIf(used > limit * share, `${percent(used / limit)} of the heap is in use (limit ${percent(share)}).`);
}

function seePlugins(control: Control): Sight {
  const idle = control.plugins().filter(({ status }) => status !== "active");
  const said = idle.map(
    ({ name, status, reason }) => `${name} is ${status}${reason === undefined ? "" : ` (${reason})`}`,
  );
  return { wrong: said.join("; ") };
}

function seeAgents(control: Control): Sight {
  const failed = control.agents().filter(({ status }) => status === "failed");
  return { wrong: failed.map(({ name }) => `${name} has failed`).join("; ") };
}

function seeMailboxes(control: Control, ctx: Views["ctx"], share: number): Sight {
  const full: string[] = [];
  for (const { name, queued } of control.agents()) {
    // Most wait for nothing: their mailboxes are not looked up.
    if (queued === 0) continue;
    const most = ctx.find("agent", name)?.mailbox?.maxMessages ?? MAILBOX;
    if (queued >= most * share) full.push(`${name} has ${queued} of ${most} messages waiting`);
  }
  return { wrong: full.join("; ") };
}

function deadLetterLook(control: (see: (control: Control) => Sight) => Sight, limit: number): () => Sight {
  let before: number | undefined;
  return () =>
    control((seen) => {
      const { count } = seen.deadLetters;
      const grown = count - (before ?? count);
      before = count;
      return wrongIf(grown > limit, `${grown} messages came to nothing since the last look (limit ${limit}).`);
    });
}

async function reach(name: string, keeper: Reached | undefined): Promise<Sight> {
  if (keeper === undefined) return { unknown: `There is no ${name}.` };
  await keeper.list({ limit: 1 });
  return WELL;
}

type Reached = Pick<Kinds[Extract<KindName, "store">], "list"> | Pick<Kinds["journal"], "list">;

/** Asks no model anything: that would cost tokens. What the last calls came to is known. */
function seeModels(names: readonly string[], models: ModelRecord, share: number): Sight {
  models.keep(names);
  if (names.length === 0) return { unknown: "There is no model." };
  const failing = names.flatMap((name) => {
    const { calls, failed } = models.recent(name);
    return calls >= ENOUGH_CALLS && failed >= calls * share
      ? [`${failed} of the last ${calls} calls of ${name} failed`]
      : [];
  });
  // While one works, work that needs a model may be sent: fallbacks exist.
  return { wrong: failing.length === names.length ? failing.join("; ") : "" };
}

const ENOUGH_CALLS = 5;
