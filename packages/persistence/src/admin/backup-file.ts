// Backups as files, packed when their name ends in .gz.
//
// 1. A backup has its name only when it is whole: until then it is written beside it.
// 2. A file that is there is left as it is.
import { createHash } from "node:crypto";
import { closeSync, createReadStream, createWriteStream, existsSync, openSync, readSync } from "node:fs";
import { rename, rm, stat } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import { isMofaError } from "@mofa/kernel";
import { fail } from "../errors.ts";

/** Writes a file as a whole or not at all. Gives its size in bytes. `write` makes the file that it is told. */
export async function writeWhole(file: string, write: (part: string) => Promise<void>): Promise<number> {
  if (existsSync(file)) throw fail("backup.file_there", { file });
  const part = `${file}.${process.pid}.part`;
  try {
    await write(part);
    await rename(part, file);
    return (await stat(file)).size;
  } catch (cause) {
    if (isMofaError(cause) || !isSystemError(cause)) throw cause;
    throw fail("backup.not_written", { file, reason: cause.message }, { cause });
  } finally {
    await rm(part, { force: true });
  }
}

/** Writes lines to a file that only its owner may read, down to the disk. */
export async function writeLines(part: string, lines: AsyncIterable<string>, packed: boolean): Promise<void> {
  const out = createWriteStream(part, { flags: "wx", mode: 0o600, flush: true });
  const from = Readable.from(lines, { objectMode: true });
  await (packed ? pipeline(from, createGzip(), out) : pipeline(from, out));
}

/** What a file is by its first bytes. */
export function kindOfFile(file: string): "sqlite" | "packed" | "plain" {
  let handle: number | undefined;
  try {
    handle = openSync(file, "r");
    const start = Buffer.alloc(16);
    readSync(handle, start, 0, 16, 0);
    if (start.toString("latin1").startsWith("SQLite format 3")) return "sqlite";
    return start[0] === 0x1f && start[1] === 0x8b ? "packed" : "plain";
  } catch (cause) {
    throw notRead(file, cause);
  } finally {
    if (handle !== undefined) closeSync(handle);
  }
}

/** A line of a file, and the digest of all bytes before it. */
export interface Line {
  readonly text: string;
  digestBefore(): string;
}

/** The lines of a file. One without its line end is not given: the file was cut. */
export async function* readLines(file: string): AsyncGenerator<Line, void, void> {
  const source = createReadStream(file);
  const packed = kindOfFile(file) === "packed";
  const bytes: AsyncIterable<Buffer> = packed ? source.pipe(createGunzip()) : source;
  if (packed) source.on("error", (error) => (bytes as ReturnType<typeof createGunzip>).destroy(error));
  const digest = createHash("sha256");
  let open: Buffer[] = [];
  try {
    for await (const chunk of bytes) {
      let from = 0;
      for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, from)) {
        const line = Buffer.concat([...open, chunk.subarray(from, end + 1)]);
        open = [];
        from = end + 1;
        yield { text: line.toString("utf8", 0, line.length - 1), digestBefore: () => digest.copy().digest("hex") };
        digest.update(line);
      }
      if (from < chunk.length) open.push(chunk.subarray(from));
    }
  } catch (cause) {
    if (isMofaError(cause)) throw cause;
    // Z_… comes from a packed file that was cut or changed.
    if (isSystemError(cause) && cause.code.startsWith("Z_")) {
      throw fail("backup.broken", { file, reason: `it cannot be unpacked (${cause.message})` }, { cause });
    }
    throw notRead(file, cause);
  } finally {
    source.destroy();
  }
}

/** The same of texts that are whole lines. */
export async function* linesOf(texts: AsyncIterable<string>): AsyncGenerator<Line, void, void> {
  const digest = createHash("sha256");
  for await (const text of texts) {
    for (const line of text.split("\n").slice(0, -1)) {
      yield { text: line, digestBefore: () => digest.copy().digest("hex") };
      digest.update(`${line}\n`);
    }
  }
}

function notRead(file: string, cause: unknown): unknown {
  if (!isSystemError(cause)) return cause;
  return fail("backup.not_read", { file, reason: cause.message }, { cause });
}

function isSystemError(thrown: unknown): thrown is Error & { readonly code: string } {
  return thrown instanceof Error && "code" in thrown && typeof thrown.code === "string";
}
