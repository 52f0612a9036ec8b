import { createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign, verify } from "node:crypto";
import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { isMofaError, toErrorJson } from "@mofa/kernel";
import { fail } from "../errors.ts";
import { type PluginFiles, readSettled } from "./digest.ts";
import { MANIFEST } from "./manifest.ts";

/** Whose plugins run. */
export interface Trust {
  /** Runs only plugins that one of the keys has signed. Default: false. */
  readonly required?: boolean;
  /** Public Ed25519 keys by id: PEM, or base64 of the raw 32 bytes or of the DER. */
  readonly keys?: Readonly<Record<string, string>>;
}

/** What the check of a plugin's folder found. */
export interface Verified {
  readonly name: string;
  readonly version: string;
  readonly digest: string;
  /** The trusted key that signed it; undefined when it is not signed by one. */
  readonly signedBy: string | undefined;
}

/** An Ed25519 key pair as text. */
export interface KeyPair {
  /** PKCS #8 PEM: keep it secret. */
  readonly privateKey: string;
  /** Base64 of the public key, for `trust.keys`. */
  readonly publicKey: string;
}

// What precedes the 32 bytes of an Ed25519 public key in DER.
const DER_HEAD = Buffer.from("302a300506032b6570032100", "hex");

/** Makes a key pair to sign plugins with. */
export function createSigningKeys(): KeyPair {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  return {
    privateKey: privateKey.export({ type: "pkcs8", format: "pem" }) as string,
    publicKey: (publicKey.export({ type: "spki", format: "der" }) as Buffer).toString("base64"),
  };
}

/** Reads a plugin's folder and checks its digest and signature; throws what is wrong. */
export async function verifyPlugin(folder: string, trust: Trust = {}): Promise<Verified> {
  return verifyFiles(await readSettled(folder), trust);
}

/** Checks the digest and the signature of what was read. `first` is the first file that is known to differ. */
export function verifyFiles({ folder, manifest, digest }: PluginFiles, trust: Trust, first?: string): Verified {
  const { name, version, signature } = manifest;
  if (manifest.digest !== undefined && manifest.digest !== digest) {
    throw fail("plugin.tampered", { folder, expected: manifest.digest, found: digest, first });
  }
  const found = { name, version, digest };
  if (signature === undefined) {
    if (trust.required === true) throw fail("plugin.unsigned", { path: folder });
    return { ...found, signedBy: undefined };
  }
  const { keys = {} } = trust;
  const key = Object.hasOwn(keys, signature.key) ? keys[signature.key] : undefined;
  if (key === undefined) {
    const known = Object.keys(keys).join(", ");
    if (trust.required === true)
      throw fail("plugin.unknown_key", { folder, key: signature.key, known: known || "none" });
    return { ...found, signedBy: undefined };
  }
  const value = Buffer.from(signature.value, "base64");
  if (!verify(null, signedText(found), toPublicKey(signature.key, key), value)) {
    throw fail("plugin.bad_signature", { folder, key: signature.key });
  }
  return { ...found, signedBy: signature.key };
}

export interface SignOptions {
  /** The id under which others trust the public key. */
  readonly key: string;
  /** The private key as PEM. */
  readonly privateKey: string;
}

/** Writes the digest and a signature into a plugin's manifest. */
export async function signPlugin(folder: string, { key, privateKey }: SignOptions): Promise<Verified> {
  const { manifest, digest } = await readSettled(folder);
  const { name, version } = manifest;
  const value = sign(null, signedText({ name, version, digest }), toPrivateKey(key, privateKey)).toString("base64");
  await writeManifest(folder, { digest, signature: { key, value } });
  return { name, version, digest, signedBy: key };
}

/** Writes the digest into a plugin's manifest; a signature there is taken out, because it was made for another. */
export async function writeDigest(folder: string): Promise<string> {
  const { manifest, digest } = await readSettled(folder);
  if (manifest.digest !== digest) await writeManifest(folder, { digest, signature: undefined });
  return digest;
}

/** Checks that text is a public key that can be trusted; throws what is wrong. */
export function toPublicKey(id: string, text: string): KeyObject {
  return ed25519(id, () => {
    if (text.includes("-----BEGIN")) return createPublicKey(text);
    const bytes = Buffer.from(text.trim(), "base64");
    const der = bytes.byteLength === 32 ? Buffer.concat([DER_HEAD, bytes]) : bytes;
    return createPublicKey({ key: der, format: "der", type: "spki" });
  });
}

function toPrivateKey(id: string, text: string): KeyObject {
  return ed25519(id, () => createPrivateKey(text));
}

function ed25519(id: string, read: () => KeyObject): KeyObject {
  try {
    const key = read();
    if (key.asymmetricKeyType === "ed25519") return key;
    throw fail("plugin.bad_key", { key: id, reason: `it is of the kind ${key.asymmetricKeyType}` });
  } catch (cause) {
    if (isMofaError(cause)) throw cause;
    throw fail("plugin.bad_key", { key: id, reason: toErrorJson(cause).message }, { cause });
  }
}

/** The name and the version are signed too, so that an old version cannot be passed off as another. */
function signedText({ name, version, digest }: Omit<Verified, "signedBy">): Buffer {
  return Buffer.from(`mofa-plugin-1\n${name}\n${version}\n${digest}\n`);
}

async function writeManifest(folder: string, changes: Readonly<Record<string, unknown>>): Promise<void> {
  const file = join(folder, MANIFEST);
  const manifest = JSON.parse(await readFile(file, "utf8")) as Record<string, unknown>;
  // Beside it and renamed: who follows the folder never sees half of it.
  const beside = join(folder, `.${MANIFEST}.tmp`);
  await writeFile(beside, `${JSON.stringify({ ...manifest, ...changes }, undefined, 2)}\n`);
  await rename(beside, file);
}
