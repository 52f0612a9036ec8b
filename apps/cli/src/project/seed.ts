import { readFile } from "node:fs/promises";
import { isMofaError, type Plugin, toJson } from "@mofa/sdk";
import { z } from "zod";
import { fail } from "../errors.ts";
import type { Project } from "./config.ts";

const documents = z.record(z.string(), z.unknown());

/** Puts the project's first documents into the store; what is already there stays as it is. */
export function seedDocuments(project: Project): Plugin {
  return {
    name: "seed",
    version: "0.1.0",
    needs: ["store"],
    async setup(ctx) {
      for (const [prefix, name] of Object.entries(project.config.seed)) {
        for (const [id, body] of Object.entries(await readDocuments(project.path(name)))) {
          await ctx.find("store")?.put(`${prefix}/${id}`, toJson(body), { version: 0 }).catch(unlessThere);
        }
      }
    },
  };
}

async function readDocuments(file: string): Promise<z.output<typeof documents>> {
  const text = await readFile(file, "utf8").catch((cause: unknown) => {
    throw fail("project.no_file", { what: "seed file", file }, { cause });
  });
  try {
    return documents.parse(JSON.parse(text));
  } catch (cause) {
    throw fail("project.bad_json", { file, problem: cause instanceof Error ? cause.message : "not JSON" }, { cause });
  }
}

function unlessThere(error: unknown): void {
  if (!isMofaError(error, "document.conflict")) throw error;
}
