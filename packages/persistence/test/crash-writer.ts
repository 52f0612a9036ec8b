// Writes as fast as it can until it is killed, and says line by line what was acknowledged: `run seq`.
import { writeSync } from "node:fs";
import { openSqlite } from "../src/sqlite/index.ts";

const [file = "", life = ""] = process.argv.slice(2);
const { journal } = await openSqlite({ file });

async function work(name: string): Promise<void> {
  const { run } = await journal.create(
    { id: name, kind: "tool", name: "crash", input: null },
    { worker: life, leaseMs: 60_000 },
  );
  for (let seq = 0; ; seq += 2) {
    const rows = [seq, seq + 1].map((n) => ({
      key: `k${n}`,
      parent: "",
      type: "step" as const,
      kind: "tool",
      name: "crash",
      body: `${name}:${n}:${"x".repeat(n % 700)}`,
      at: n,
    }));
    const [outcome] = await journal.append([{ run: name, epoch: run.epoch, seq, rows }]);
    if (outcome !== "kept") process.exit(3);
    writeSync(1, `${name} ${seq + 1}\n`);
  }
}

await Promise.all(["a", "b", "c", "d"].map((lane) => work(`${life}${lane}`)));
