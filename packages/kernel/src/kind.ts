import type { Budgets } from "./budget.ts";
import type { Agent } from "./kinds/agent.ts";
import type { Control } from "./kinds/control.ts";
import type { Embedder } from "./kinds/embedder.ts";
import type { Engine } from "./kinds/engine.ts";
import type { Health } from "./kinds/health.ts";
import type { Journal } from "./kinds/journal.ts";
import type { Memory } from "./kinds/memory.ts";
import type { Metrics } from "./kinds/metrics.ts";
import type { Model } from "./kinds/model.ts";
import type { NodeKind } from "./kinds/node.ts";
import type { Scheduler, Schedules } from "./kinds/scheduler.ts";
import type { Sandbox, Script } from "./kinds/script.ts";
import type { SessionStore } from "./kinds/session.ts";
import type { Store } from "./kinds/store.ts";
import type { Supervisor } from "./kinds/supervisor.ts";
import type { Tool } from "./kinds/tool.ts";
import type { Transport } from "./kinds/transport.ts";
import type { Workflow } from "./kinds/workflow.ts";

/** The typed shelves of named things. Third parties add a kind by declaration merging on `@mofa/kernel`. */
export interface Kinds {
  tool: Tool;
  model: Model;
  agent: Agent;
  node: NodeKind;
  workflow: Workflow;
  engine: Engine;
  script: Script;
  sandbox: Sandbox;
  journal: Journal;
  store: Store;
  session: SessionStore;
  memory: Memory;
  embedder: Embedder;
  transport: Transport;
  control: Control;
  metrics: Metrics;
  supervisor: Supervisor;
  scheduler: Scheduler;
  schedules: Schedules;
  budgets: Budgets;
  health: Health;
}

export type KindName = keyof Kinds & string;

/** What every registered thing has. */
export interface Named {
  readonly name: string;
}
