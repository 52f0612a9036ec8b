import type { RunCount } from "@mofa/kernel";
import { BUCKETS, type Fold, OUTCOMES, REPLAYED, SUM } from "./fold.ts";
import type { Family } from "./render.ts";
import { label, type Rows } from "./rows.ts";

/** What is read at scrape time instead of from the fold, where somebody knows it better. */
export interface Known {
  readonly plugins: ReadonlyMap<string, number>;
  readonly agents: ReadonlyMap<string, number>;
  readonly decisions: number;
  readonly runs: readonly RunCount[];
}

/** All metrics of one fold, ready to be written. */
export function toFamilies(fold: Fold, buckets: readonly number[], known: Known): readonly Family[] {
  const { actions } = fold;
  return [
    {
      name: "mofa_actions_total",
      help: "Actions that ended, by outcome. A refused one had bad input and never started.",
      type: "counter",
      rows: () => actions.size,
      write: (row) => writeOutcomes(actions, row),
    },
    {
      name: "mofa_action_duration_seconds",
      help: "How long actions took that started and ended.",
      type: "histogram",
      rows: () => actions.size,
      write: writeDurations(actions, buckets),
    },
    one("mofa_actions_in_flight", "gauge", "Actions that started and have not ended.", fold.inFlight),
    {
      ...one("mofa_replayed_total", "counter", "Results given back from a journal without running again.", actions),
      write: (row) => {
        const replays = actions.cells[row * actions.width + REPLAYED] as number;
        return replays === 0 ? "" : `mofa_replayed_total{${actions.text[row]}} ${replays}\n`;
      },
    },
    {
      ...one("mofa_model_tokens_total", "counter", "Tokens that model calls used.", fold.tokens),
      write: (row) => writeTokens(fold.tokens, row),
    },
    one("mofa_model_cost_dollars_total", "counter", "What model calls cost, where a price is known.", fold.cost),
    one("mofa_messages_total", "counter", "Messages, by what became of them.", fold.messages),
    one(
      "mofa_messages_dead_total",
      "counter",
      "Messages that were told and came to nothing, by the code of the reason.",
      fold.dead,
    ),
    live("mofa_plugins", "Plugins, by status.", known.plugins),
    one(
      "mofa_plugin_quarantines_total",
      "counter",
      "How often a plugin was taken out for its faults.",
      fold.quarantines,
    ),
    live("mofa_agents", "Agents, by status.", known.agents),
    one("mofa_agent_failures_total", "counter", "How often an agent itself failed.", fold.agentFailures),
    one("mofa_agent_restarts_total", "counter", "How often an agent was brought back.", fold.agentRestarts),
    live("mofa_tasks", "Tasks of the scheduler that have not ended, by status.", fold.tasks.counts),
    one("mofa_tasks_total", "counter", "Tasks of the scheduler that ended, by status and priority.", fold.taskEnds),
    one(
      "mofa_tasks_requeued_total",
      "counter",
      "How often a task that ran was queued again: it gave way, or was not begun.",
      fold.requeued,
    ),
    one("mofa_budget_exceeded_total", "counter", "How often a budget had no room, or was crossed.", fold.budgets),
    one("mofa_runs_total", "counter", "Runs that ended, by status.", fold.runEnds),
    live("mofa_runs", "Runs that changed in this process and have not ended, by status.", fold.runs.counts),
    kept(known.runs),
    ...held(fold.holds),
    single("mofa_decisions_waiting", "Questions of runs that nobody has answered yet.", known.decisions),
    one("mofa_file_reloads_total", "counter", "Changes of watched files, by what became of them.", fold.files),
  ];
}

function one(name: string, type: Family["type"], help: string, rows: Rows): Family {
  const write = (row: number) => `${name}{${rows.text[row]}} ${rows.cells[row * rows.width]}\n`;
  return { name, type, help, rows: () => rows.size, write };
}

function live(name: string, help: string, counts: ReadonlyMap<string, number>): Family {
  const lines = [...counts].map(([status, count]) => `${name}{${label("status", status)}} ${count}\n`);
  return { name, type: "gauge", help, rows: () => lines.length, write: (row) => lines[row] as string };
}

/** The engine counts over all processes: two processes tell the same, so take the maximum, not the sum. */
function kept(counts: readonly RunCount[]): Family {
  const name = "mofa_runs_kept";
  const help = "Runs that are kept, by queue and status, as the engine counts them over all processes.";
  const lines = counts.map(
    ({ queue, status, count }) => `${name}{${label("queue", queue)},${label("status", status)}} ${count}\n`,
  );
  return { name, type: "gauge", help, rows: () => lines.length, write: (row) => lines[row] as string };
}

/** What became of this process's hold on runs. */
function held({ parked, taken, lost }: Fold["holds"]): readonly Family[] {
  return [
    single("mofa_runs_parked_total", "How often this process let go of a run that only waits.", parked, "counter"),
    single("mofa_runs_taken_over_total", "How often it took over a run from one that was gone.", taken, "counter"),
    single("mofa_runs_lost_total", "How often it lost a run because its lease ran out.", lost, "counter"),
  ];
}

function single(name: string, help: string, value: number, type: Family["type"] = "gauge"): Family {
  return { name, type, help, rows: () => 1, write: () => `${name} ${value}\n` };
}

function writeOutcomes({ cells, width, text }: Rows, row: number): string {
  let lines = "";
  for (const [cell, outcome] of OUTCOMES.entries()) {
    const count = cells[row * width + cell] as number;
    if (count > 0) lines += `mofa_actions_total{${text[row]},outcome="${outcome}"} ${count}\n`;
  }
  return lines;
}

function writeTokens({ cells, width, text }: Rows, row: number): string {
  const head = `mofa_model_tokens_total{${text[row]}`;
  return `${head},direction="input"} ${cells[row * width]}\n${head},direction="output"} ${cells[row * width + 1]}\n`;
}

function writeDurations(rows: Rows, buckets: readonly number[]): (row: number) => string {
  const name = "mofa_action_duration_seconds";
  const bounds = [...buckets.map(String), "+Inf"].map((bound) => `,le="${bound}"} `);
  return (row) => {
    const start = row * rows.width;
    let below = 0;
    let lines = "";
    for (let bucket = 0; bucket < bounds.length; bucket++) {
      below += rows.cells[start + BUCKETS + bucket] as number;
      lines += `${name}_bucket{${rows.text[row]}${bounds[bucket]}${below}\n`;
    }
    // A name that was only refused or replayed has no durations.
    if (below === 0) return "";
    return `${lines}${name}_sum{${rows.text[row]}} ${rows.cells[start + SUM]}\n${name}_count{${rows.text[row]}} ${below}\n`;
  };
}
