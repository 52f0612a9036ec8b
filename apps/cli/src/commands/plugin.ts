import { readFile, writeFile } from "node:fs/promises";
import { basename, extname, resolve } from "node:path";
import { createSigningKeys, digestOf, signPlugin, verifyPlugin, writeDigest } from "@mofa/sdk/runtime";
import { fail } from "../errors.ts";
import type { Terminal } from "../terminal.ts";

export interface DigestCommand {
  readonly write?: boolean;
}

/** Prints the digest of a plugin's folder; with `write`, puts it into the manifest. */
export async function pluginDigest(
  folder: string,
  { write = false }: DigestCommand,
  { print }: Terminal,
): Promise<number> {
  print(write ? await writeDigest(resolve(folder)) : await digestOf(resolve(folder)));
  return 0;
}

export interface SignCommand {
  /** The file of the private key. */
  readonly key: string;
  /** The id under which others trust it. Default: the name of the file. */
  readonly id?: string;
}

/** Writes digest and signature into a plugin's manifest. */
export async function pluginSign(folder: string, { key: file, id }: SignCommand, terminal: Terminal): Promise<number> {
  const privateKey = await readFile(file, "utf8").catch((cause: unknown) => {
    throw fail("project.no_file", { what: "private key", file }, { cause });
  });
  const key = id ?? basename(file, extname(file));
  const { name, version, digest } = await signPlugin(resolve(folder), { key, privateKey });
  terminal.print(digest);
  terminal.say(`signed ${name} ${version} with the key "${key}"`);
  return 0;
}

export interface VerifyCommand {
  /** Public keys as ID=KEY. */
  readonly trust?: readonly string[];
}

/** Checks digest and signature of a plugin's folder. Where keys are named, one of them must have signed it. */
export async function pluginVerify(folder: string, { trust = [] }: VerifyCommand, terminal: Terminal): Promise<number> {
  const keys = Object.fromEntries(trust.map(toKey));
  const found = await verifyPlugin(resolve(folder), { keys, required: trust.length > 0 });
  terminal.print(found.digest);
  const by =
    found.signedBy === undefined ? "no key was named to check a signature with" : `signed by "${found.signedBy}"`;
  terminal.say(`${found.name} ${found.version} is as its manifest says; ${by}`);
  return 0;
}

/** Writes a private key to sign with, and prints the public key to trust. */
export async function pluginKeygen(file: string, { print, say }: Terminal): Promise<number> {
  const { privateKey, publicKey } = createSigningKeys();
  // Never over another key, and for nobody else to read.
  await writeFile(file, privateKey, { flag: "wx", mode: 0o600 }).catch((cause: NodeJS.ErrnoException) => {
    throw cause.code === "EEXIST" ? fail("usage.file_there", { file }, { cause }) : cause;
  });
  print(publicKey);
  say(`the private key is in ${file}: keep it secret; the line above is the public key that others trust`);
  return 0;
}

function toKey(given: string): readonly [string, string] {
  const at = given.indexOf("=");
  if (at < 1) throw fail("usage.bad_trust", { value: given });
  return [given.slice(0, at), given.slice(at + 1)];
}
