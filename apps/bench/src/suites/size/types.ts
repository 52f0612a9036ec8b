// How much the type checker instantiates for the hello of the README; the limit is its tool, described with zod alone.
import { copyFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Result } from "../../measure.ts";
import { figure } from "./figure.ts";
import { install } from "./install.ts";
import { root, run } from "./program.ts";

const TOOL = `import { z } from "zod";
const input = z.object({ city: z.string() });
export const weather = { name: "weather", input, run: async ({ city }: z.output<typeof input>) => ({ city }) };
`;

const SETTINGS = {
  compilerOptions: {
    target: "es2024",
    lib: ["es2024", "esnext.disposable"],
    module: "nodenext",
    types: ["node"],
    strict: true,
    skipLibCheck: true,
    noEmit: true,
  },
};

/** `core` is a folder with the sdk installed; what only types need goes into a folder inside it. */
export async function typeCase(core: string): Promise<readonly Result[]> {
  const folder = join(core, "types");
  await install(folder, { zod: "catalog:", "@types/node": "catalog:" });
  await copyFile(join(root, "packages", "devkit", "test", "hello.ts.txt"), join(folder, "hello.ts"));
  await writeFile(join(folder, "tool.ts"), TOOL);
  const name = "type instantiations of the hello";
  const limit = await instantiations(folder, "tool.ts");
  const mofa = await instantiations(folder, "hello.ts");
  if (limit === undefined || mofa === undefined) return [];
  return [
    figure(name, "limit", "instantiations", limit, 1),
    figure(name, "mofa", "instantiations", mofa, mofa / limit),
  ];
}

async function instantiations(folder: string, file: string): Promise<number | undefined> {
  await writeFile(join(folder, "tsconfig.json"), JSON.stringify({ ...SETTINGS, files: [file] }));
  const output = await run(
    join(root, "node_modules", ".bin", "tsc"),
    ["-p", ".", "--extendedDiagnostics"],
    folder,
    "fail",
  );
  const wrong = output.split("\n").find((line) => line.includes("error TS"));
  if (wrong === undefined) return Number(/Instantiations:\s+(\d+)/.exec(output)?.[1]);
  process.stderr.write(`The type checker was not measured, ${file} does not compile: ${wrong}\n`);
  return undefined;
}
