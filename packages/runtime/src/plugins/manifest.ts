import { isMofaError } from "@mofa/kernel";
import { isMap, isScalar, LineCounter, parseDocument } from "yaml";
import { z } from "zod";
import { fail } from "../errors.ts";
import { parseJson } from "../modules/compile.ts";

/** The name of the file that makes a folder a plugin. */
export const MANIFEST = "mofa.plugin.json";

// The pattern that semver.org publishes, without the named groups.
const SEMVER =
  /^(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)\.(?:0|[1-9]\d*)(?:-(?:0|[1-9]\d*|\d*[a-zA-Z-][\da-zA-Z-]*)(?:\.(?:0|[1-9]\d*|\d*[a-zA-Z-][\da-zA-Z-]*))*)?(?:\+[\da-zA-Z-]+(?:\.[\da-zA-Z-]+)*)?$/u;
const MAIN = /^(?!.*(?:^|\/)\.{1,2}(?:\/|$))[\w@.-]+(?:\/[\w@.-]+)*\.(?:ts|mts|js|mjs)$/u;
const PERMISSION = /^(?:provide|use|wrap|watch):(?:\*|[a-z][\w-]*)$/u;
const DIGEST = /^sha256-[A-Za-z\d+/]{43}=$/u;

const manifestSchema = z
  .strictObject({
    $schema: z.string().optional(),
    name: z
      .string()
      .regex(/^[\w@./-]{1,128}$/u, "use 1 to 128 letters, digits, dots, dashes, slashes or underscores")
      .meta({ description: "The name of the plugin, as it says it itself." }),
    version: z
      .string()
      .regex(SEMVER, "is no semantic version like 1.2.3")
      .meta({ description: "Its semantic version." }),
    kind: z.string().min(1).optional().meta({ description: "What it is about, for people: tool, model, store." }),
    description: z.string().optional(),
    main: z
      .string()
      .regex(MAIN, 'must be a .ts, .mts, .js or .mjs file in this folder, without ".."')
      .meta({ description: "The module that exports `plugin`." }),
    needs: z
      .array(z.string().min(1))
      .default([])
      .meta({ description: "Kinds, named things or plugins that must be there first." }),
    permissions: z
      .array(z.string().regex(PERMISSION, 'is no permission like "provide:tool", "use:model", "wrap:*" or "watch:*"'))
      .default([])
      .meta({ description: "What it may provide, use, wrap and watch." }),
    digest: z
      .string()
      .regex(DIGEST, 'is no digest like "sha256-…="')
      .optional()
      .meta({ description: "Over all files of the folder; written by `mofa plugin digest --write`." }),
    signature: z
      .strictObject({ key: z.string().min(1), value: z.base64() })
      .optional()
      .meta({ description: "Over name, version and digest; written by `mofa plugin sign`." }),
  })
  .refine(({ signature, digest }) => signature === undefined || digest !== undefined, {
    path: ["digest"],
    message: "is missing beside a signature",
  });

/** What a `mofa.plugin.json` says. */
export type PluginManifest = z.output<typeof manifestSchema>;

/** The JSON Schema of `mofa.plugin.json`, for editors. */
export function manifestJsonSchema(): Readonly<Record<string, unknown>> {
  return { ...z.toJSONSchema(manifestSchema, { io: "input" }), title: "A MoFA plugin" };
}

/** Reads a manifest; every complaint names the file, the line and the column. */
export function parseManifest(file: string, text: string): PluginManifest {
  const checked = manifestSchema.safeParse(parseText(file, text));
  if (checked.success) return checked.data;
  // The first is enough: others often follow from it.
  const issue = checked.error.issues[0] as z.core.$ZodIssue;
  const keys = issue.code === "unrecognized_keys" ? issue.keys.slice(0, 1) : [];
  const path = [...issue.path, ...keys].map(String);
  const where = { file, ...placeOf(text, path), path: path.join(".") };
  if (keys.length > 0) {
    const known = issue.path.length === 0 ? Object.keys(manifestSchema.shape) : ["key", "value"];
    throw fail("manifest.unknown_key", { ...where, known: known.join(", ") });
  }
  throw fail("manifest.bad_value", { ...where, problem: issue.message });
}

function parseText(file: string, text: string): unknown {
  try {
    return parseJson(file, text);
  } catch (error) {
    if (!isMofaError(error, "module.syntax")) throw error;
    throw fail("manifest.syntax", error.data as never, { cause: error.cause });
  }
}

/** Where a key stands: every JSON text is YAML too, and that parser keeps places. */
function placeOf(text: string, path: readonly string[]): { readonly line: number; readonly column: number } {
  const lines = new LineCounter();
  let node: unknown = parseDocument(text, { lineCounter: lines }).contents;
  let offset = 0;
  for (const key of path) {
    if (!isMap(node)) {
      const items = (node as { items?: readonly unknown[] } | undefined)?.items;
      node = items?.[Number(key)];
      offset = (node as { range?: readonly number[] } | undefined)?.range?.[0] ?? offset;
      continue;
    }
    const pair = node.items.find((each) => isScalar(each.key) && each.key.value === key);
    if (pair === undefined) break;
    offset = (pair.key as { range?: readonly number[] }).range?.[0] ?? offset;
    node = pair.value;
  }
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}
