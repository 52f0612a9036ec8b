#!/usr/bin/env node
import { readFileSync } from "node:fs";
import { createSecrets, type LogLevel } from "@mofa/sdk";
import { Command, InvalidArgumentError, Option } from "commander";
import { addDbCommands } from "./commands/db-commands.ts";
import { addRunsCommands } from "./commands/runs-commands.ts";
import { exitCode, sayError } from "./exit.ts";
import { createTerminal } from "./terminal.ts";
import { quietWarnings } from "./warnings.ts";

quietWarnings();
const terminal = createTerminal(createSecrets());

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

interface Starting {
  readonly once?: boolean;
  readonly port?: number;
  readonly log?: "json" | "text";
  readonly logLevel?: LogLevel;
}
const logFormat = new Option("--log <format>", "how log lines are written").choices(["json", "text"]);
const logLevel = new Option("--log-level <level>", "the least important lines that are written").choices([
  "debug",
  "info",
  "warn",
  "error",
]);

program
  .command("start")
  .description("run a project folder until Ctrl-C")
  .argument("[folder]", "the folder with mofa.config.yaml", ".")
  .option("--once", "run what is there to its end, print what came out, and stop")
  .option("--port <port>", "where to watch it", port)
  .addOption(logFormat)
  .addOption(logLevel)
  .action(async (folder: string, options: Starting) => {
    const { start } = await import("./commands/start.ts");
    process.exitCode = await start(folder, options, terminal);
  });

program
  .command("demo")
  .description("run the support desk: tickets in, answers out, a person deciding about large refunds")
  .option("--once", "run all tickets to their end, print what came out, and stop")
  .option("--port <port>", "where to watch it", port)
  .addOption(logFormat)
  .addOption(logLevel)
  .action(async (options: Starting) => {
    const { demo } = await import("./commands/demo.ts");
    process.exitCode = await demo(options, terminal);
  });

program
  .command("tree")
  .description("print what a project loads, how long it takes, and what each plugin brings")
  .argument("[folder]", "the folder with mofa.config.yaml", ".")
  .action(async (folder: string) => {
    const { tree } = await import("./commands/tree.ts");
    process.exitCode = await tree(folder, terminal);
  });

program
  .command("status")
  .description("print what is wrong with a project that is at work")
  .argument("[folder]", "the folder with mofa.config.yaml", ".")
  .option("--port <port>", "where it is watched", port)
  .action(async (folder: string, options: { port?: number }) => {
    const { status } = await import("./commands/status.ts");
    process.exitCode = await status(folder, options, terminal);
  });

const config = program
  .command("config")
  .description("print what the config of a project comes to, and where each value comes from; secrets are hidden")
  .argument("[folder]", "the folder with the config file", ".")
  .action(async (folder: string) => {
    const { printConfig } = await import("./commands/config.ts");
    process.exitCode = await printConfig(folder, terminal);
  });

config
  .command("explain")
  .description("print one value, and everything that it stands over")
  .argument("<key>", "the path of the value, such as gateway.port")
  .argument("[folder]", "the folder with the config file", ".")
  .action(async (key: string, folder: string) => {
    const { explainConfig } = await import("./commands/config.ts");
    process.exitCode = await explainConfig(key, folder, terminal);
  });

program
  .command("rehearse")
  .description("serve the rehearsal model as an OpenAI-compatible endpoint on loopback")
  .option("--port <port>", "where to listen; 0 takes any free port", port, 0)
  .option("--seed <number>", "another seed gives other replies", whole)
  .option("--log <file>", "write one JSON line for each finished request")
  .action(async (options: { port: number; seed?: number; log?: string }) => {
    const { rehearse } = await import("./commands/rehearse.ts");
    process.exitCode = await rehearse(options, terminal);
  });

addDbCommands(program, terminal);

const plugin = program.command("plugin").description("check and sign plugins that come as folders");

plugin
  .command("digest")
  .description("print the digest over all files of a plugin")
  .argument("<folder>", "the folder with mofa.plugin.json")
  .option("--write", "put it into the manifest, in place of what was signed")
  .action(async (folder: string, options: { write?: boolean }) => {
    const { pluginDigest } = await import("./commands/plugin.ts");
    process.exitCode = await pluginDigest(folder, options, terminal);
  });

plugin
  .command("keygen")
  .description("make a key to sign plugins with, and print its public half")
  .argument("<file>", "where the private key goes")
  .action(async (file: string) => {
    const { pluginKeygen } = await import("./commands/plugin.ts");
    process.exitCode = await pluginKeygen(file, terminal);
  });

plugin
  .command("sign")
  .description("write digest and signature into the manifest")
  .argument("<folder>", "the folder with mofa.plugin.json")
  .requiredOption("--key <file>", "the private key that keygen made")
  .option("--id <id>", "what others call the key; without it, the name of the file")
  .action(async (folder: string, options: { key: string; id?: string }) => {
    const { pluginSign } = await import("./commands/plugin.ts");
    process.exitCode = await pluginSign(folder, options, terminal);
  });

plugin
  .command("verify")
  .description("check digest and signature of a plugin")
  .argument("<folder>", "the folder with mofa.plugin.json")
  .option("--trust <id=key...>", "public keys; one of them must have signed it")
  .action(async (folder: string, options: { trust?: readonly string[] }) => {
    const { pluginVerify } = await import("./commands/plugin.ts");
    process.exitCode = await pluginVerify(folder, options, terminal);
  });

addRunsCommands(program, terminal, whole);

try {
  await program.parseAsync();
} catch (error) {
  sayError(error, terminal);
  process.exitCode = exitCode(error);
}
