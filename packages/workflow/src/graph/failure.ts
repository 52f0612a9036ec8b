import { fromErrorJson, type Json, toErrorJson, toJson } from "@mofa/kernel";
import { failureJson } from "../run/outcome.ts";

/** What a node that failed gives: the same on the first life of a run and on a replay, whose errors were made from data. */
export function failureOutput(error: unknown): Json {
  return toJson({ error: toErrorJson(fromErrorJson(failureJson(error))) });
}
