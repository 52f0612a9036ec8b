import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** A folder of its own, gone with the test. */
export function temporaryFolder(): Disposable & { readonly at: (name: string) => string } {
  const folder = mkdtempSync(join(tmpdir(), "mofa-sqlite-"));
  return {
    at: (name) => join(folder, name),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}
