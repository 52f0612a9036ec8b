import { type NewTask, type RunAppend, refuse } from "@mofa/kernel";
import type { Connection } from "./database.ts";
import type { Dialect } from "./dialect.ts";
import { SQL } from "./journal-sql.ts";
import { keepTexts, shortened } from "./journal-texts.ts";

interface Place {
  readonly connection: Connection;
  readonly dialect: Dialect;
  /** The number of the run, whose lock is held. */
  readonly run: number;
  /** Epoch milliseconds. */
  readonly now: number;
}

/** Keeps what an append brings beside its rows. */
export async function addBelongings(place: Place, part: RunAppend): Promise<void> {
  const { connection, dialect, run, now } = place;
  const { tasks = [], letters = [], consumed = [], listens = [], unlistens = [] } = part;
  for (const task of tasks) await insert(place, SQL.addTask, taskValues(task, run, now));
  for (const { id, draft } of letters)
    await insert(place, SQL.addLetter, { id, run, draft: JSON.stringify(draft), takenUntil: 0 });
  // A step listens to one topic, the last.
  const over = [...unlistens, ...listens.map(({ key }) => key)];
  if (over.length > 0) await connection.ask(SQL.unlisten, { run, keys: over });
  const last = new Map(listens.map(({ key, topic }) => [key, topic]));
  for (const [key, topic] of last) {
    if (!unlistens.includes(key)) await connection.run(`${SQL.addListen} ${dialect.unlessThere}`, { run, key, topic });
  }
  if (consumed.length > 0) await connection.ask(SQL.consume, { run, ids: consumed });
}

/** Refuses a batch that would open another run's task. */
export async function checkTokens(connection: Connection, parts: readonly RunAppend[]): Promise<void> {
  const tokens = parts.flatMap(({ tasks = [] }) => tasks.map(({ token }) => token));
  if (tokens.length === 0) return;
  const { rows } = await connection.ask<{ readonly token: string; readonly run: string }>(SQL.tokens, { tokens });
  const owners = new Map(rows.map(({ token, run }) => [token, run]));
  for (const { run, tasks = [] } of parts) {
    for (const { token } of tasks) {
      const by = owners.get(token) ?? run;
      if (by !== run) throw refuse("task.token_taken", { token, run, by });
      owners.set(token, run);
    }
  }
}

async function insert(
  { connection, dialect, run }: Place,
  text: string,
  values: Readonly<Record<string, string | number | null>>,
): Promise<void> {
  await keepTexts(connection, dialect, { run, texts: Object.values(values) });
  await connection.run(`${text} ${dialect.unlessThere}`, shortened(values));
}

function taskValues({ token, key, question, expiresAt }: NewTask, run: number, createdAt: number) {
  const status = "open";
  return { token, run, key, question: JSON.stringify(question), expiresAt: expiresAt ?? null, status, createdAt };
}
