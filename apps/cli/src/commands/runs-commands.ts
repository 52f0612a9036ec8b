import type { RunStatus } from "@mofa/sdk";
import { type Command, Option } from "commander";
import type { Terminal } from "../terminal.ts";
import type { ForkOptions, ListOptions } from "./runs.ts";

const STATUSES: readonly RunStatus[] = ["queued", "running", "waiting", "done", "failed", "cancelled", "dead"];

/** What the command line knows of kept runs. Each command is imported when it runs. */
export function addRunsCommands(program: Command, terminal: Terminal, whole: (value: string) => number): void {
  const runs = program.command("runs").description("look at the kept runs of a project, and steer them");
  const open = async (folder: string) => (await import("./runs.ts")).createRunsCommand(folder, terminal);
  const command = (name: string, description: string) => runs.command(name).description(description);
  const inFolder = (made: Command) => made.argument("[folder]", "the folder with mofa.config.yaml", ".");

  inFolder(command("list", "print the newest runs").addOption(new Option("--status <status...>").choices(STATUSES)))
    .option("--name <name>", "only runs of this action")
    .option("--queue <queue>", "only runs of this queue")
    .option("--limit <count>", "how many at most", whole, 100)
    .action(async (folder: string, options: ListOptions) => {
      process.exitCode = await (await open(folder)).list(options);
    });

  const id = (made: Command) => made.argument("<id>", "the run");
  inFolder(id(command("show", "print what is known of a run"))).action(async (run: string, folder: string) => {
    process.exitCode = await (await open(folder)).show(run);
  });
  inFolder(id(command("steps", "print what a run has kept"))).action(async (run: string, folder: string) => {
    process.exitCode = await (await open(folder)).steps(run);
  });
  inFolder(id(command("fork", "begin a new run that knows what this one did, up to a step")))
    .option("--from <step>", "the key of the first step that is done anew")
    .option("--input <json>", "another input")
    .action(async (run: string, folder: string, options: ForkOptions) => {
      process.exitCode = await (await open(folder)).fork(run, options);
    });
  inFolder(
    id(command("signal", "say something to a run"))
      .argument("<name>", "what it listens for")
      .argument("[json]", "what is said"),
  ).action(async (run: string, name: string, body: string | undefined, folder: string) => {
    process.exitCode = await (await open(folder)).signal(run, name, body);
  });
  inFolder(id(command("cancel", "stop a run")))
    .option("--reason <text>", "why")
    .action(async (run: string, folder: string, { reason }: { reason?: string }) => {
      process.exitCode = await (await open(folder)).cancel(run, reason);
    });
  inFolder(id(command("requeue", "queue a dead run again"))).action(async (run: string, folder: string) => {
    process.exitCode = await (await open(folder)).requeue(run);
  });
  inFolder(
    command("diff", "print where two runs did not do the same").argument("<a>", "a run").argument("<b>", "another"),
  ).action(async (a: string, b: string, folder: string) => {
    process.exitCode = await (await open(folder)).diff(a, b);
  });

  inFolder(program.command("replay-check").description("say which open runs the project, as it is now, would break"))
    .option("--run <id>", "only this run")
    .option("--name <name>", "only runs of this action")
    .action(async (folder: string, options: { run?: string; name?: string }) => {
      const { checkReplay } = await import("./runs.ts");
      process.exitCode = await checkReplay(folder, options, terminal);
    });
}
