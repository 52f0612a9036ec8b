import { hash } from "node:crypto";
import { canonicalJson, type Json } from "@mofa/kernel";
import { inputJson } from "./outcome.ts";

// With a run id of 100 characters, a whole key stays below the 255 that idempotency headers allow.
const LONGEST_PATH = 150;
const LONGEST_NAME = 32;
const PLAIN_KEY = /^[\w.@-]{1,40}$/;

/** What makes a step the same step on every replay, beside its parent and its place among equals. */
export interface StepIdentity {
  readonly kind: string;
  readonly name: string;
  readonly input: unknown;
  /** Replaces the input. */
  readonly key?: string | undefined;
}

/** Names a step by kind, name and input (or key): equal for equal steps, and safe in a header. */
export function identify({ kind, name, input, key }: StepIdentity): string {
  const head = `${safe(kind)}:${safe(name)}`;
  // The hash covers the full names, so that names which only look alike after cutting stay apart.
  if (key === undefined) return `${head}:${short([kind, name, inputJson(head, input)])}`;
  return head === `${kind}:${name}` && PLAIN_KEY.test(key) ? `${head}:=${key}` : `${head}:=${short([kind, name, key])}`;
}

/** The path of the n-th of equal steps under a parent; deep paths keep a hash of the parent's. */
export function joinPath(parent: string, identity: string, count: number): string {
  const path = parent === "" ? `${identity}#${count}` : `${parent}/${identity}#${count}`;
  return path.length <= LONGEST_PATH ? path : `~${hashText(parent).slice(0, 20)}/${identity}#${count}`;
}

/** Twelve digits of the hash of a JSON value. */
export function short(value: Json): string {
  return hashText(canonicalJson(value)).slice(0, 12);
}

/** SHA-256 in hexadecimal. */
export function hashText(text: string): string {
  return hash("sha256", text, "hex");
}

function safe(name: string): string {
  return name.slice(0, LONGEST_NAME).replaceAll(/[^\w.@-]/g, "_");
}
