import type { RunAppend } from "@mofa/kernel";
import { toShort } from "../blobs.ts";
import type { AppendTools } from "./journal-append.ts";

/** Keeps what an append brings beside its rows, for a run by its number. */
export function addBelongings({ statements, runs, clock }: AppendTools, run: number, part: RunAppend): void {
  const { tasks = [], letters = [], consumed = [], listens = [], unlistens = [] } = part;
  for (const { token, key, question, expiresAt = null } of tasks) {
    const text = JSON.stringify(question);
    const values = { token, run, key, question: toShort(text), expiresAt, createdAt: clock.now() };
    if (statements.openTask.run(values).changes > 0) runs.texts.keep(run, [text]);
  }
  for (const { id, draft } of letters) {
    const text = JSON.stringify(draft);
    if (statements.addLetter.run({ id, run, draft: toShort(text) }).changes > 0) runs.texts.keep(run, [text]);
  }
  for (const { key, topic } of listens) statements.listen.run({ run, key, topic });
  for (const key of unlistens) statements.unlisten.run({ run, key });
  for (const id of consumed) statements.consume.run({ run, id });
}
