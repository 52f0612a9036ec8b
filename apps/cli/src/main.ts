#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { Command, InvalidArgumentError } from "commander";
import { exitCode, sayError } from "./exit.ts";

// Each command is imported when it runs: `mofa --version` stays quick.
const program = new Command("mofa")
  .description("MoFA: agents, tools, rules and workflows that keep what they do.")
  .version(
    (JSON.parse(readFileSync(new URL("../package.json", import.meta.url), "utf8")) as { version: string }).version,
  )
  .showSuggestionAfterError()
  .addHelpText(
    "before",
    "Examples:\n  $ mofa demo              the support desk, no key needed\n  $ mofa start my-project  run a project folder\n  $ mofa tree my-project   what it loads\n",
  );

const port = (value: string) => {
  const number = Number(value);
  if (!Number.isInteger(number) || number < 0 || number > 65535) {
    throw new InvalidArgumentError("A port is a whole number from 0 to 65535; 0 takes any free one.");
  }
  return number;
};
const whole = (value: string) => {
  if (!/^\d+$/u.test(value)) throw new InvalidArgumentError("Give a whole number.");
  return Number(value);
};

program
  .command("start")
  .description("run a project folder until Ctrl-C")
  .argument("[folder]", "the folder with mofa.config.yaml", ".")
  .option("--once", "run what is there to its end, print what came out, and stop")
  .option("--port <port>", "where to watch it", port)
  .action(async (folder: string, options: { once?: boolean; port?: number }) => {
    const { start } = await import("./commands/start.ts");
    process.exitCode = await start(folder, options);
  });

program
  .command("demo")
  .description("run the support desk: tickets in, answers out, a person deciding about large refunds")
  .option("--once", "run all tickets to their end, print what came out, and stop")
  .option("--port <port>", "where to watch it", port)
  .action(async (options: { once?: boolean; port?: number }) => {
    const { demo } = await import("./commands/demo.ts");
    process.exitCode = await demo(options);
  });

program
  .command("tree")
  .description("print what a project loads, how long it takes, and what each plugin brings")
  .argument("[folder]", "the folder with mofa.config.yaml", ".")
  .action(async (folder: string) => {
    const { tree } = await import("./commands/tree.ts");
    process.exitCode = await tree(folder);
  });

program
  .command("rehearse")
  .description("serve the rehearsal model as an OpenAI-compatible endpoint on loopback")
  .option("--port <port>", "where to listen; 0 takes any free port", port, 0)
  .option("--seed <number>", "another seed gives other replies", whole)
  .option("--log <file>", "write one JSON line for each finished request")
  .action(async (options: { port: number; seed?: number; log?: string }) => {
    const { rehearse } = await import("./commands/rehearse.ts");
    process.exitCode = await rehearse(options);
  });

try {
  await program.parseAsync();
} catch (error) {
  sayError(error);
  process.exitCode = exitCode(error);
}
