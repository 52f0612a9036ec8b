import { library } from "@mofa/devkit/tsup";

export default library([
  "index",
  "llm",
  "llm/rehearsal",
  "script",
  "persistence",
  "persistence/sqlite",
  "persistence/postgres",
  "persistence/mysql",
  "persistence/admin",
  "workflow",
  "observability",
  "agents",
  "gateway",
  "runtime",
]);
