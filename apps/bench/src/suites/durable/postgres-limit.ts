import type { Peers } from "../../peer.ts";
import { POSTGRES } from "./servers.ts";

interface Client {
  connect(): Promise<void>;
  query(query: string | { name: string; text: string; values: readonly unknown[] }): Promise<{ rows: { n: number }[] }>;
  end(): Promise<void>;
}

/** What waits to be written, all runs together. */
interface Waiting {
  readonly n: number;
  readonly seq: number;
  readonly body: string | undefined;
  done(): void;
  failed(error: unknown): void;
}

const TABLES = `
  CREATE TABLE run (n integer PRIMARY KEY, epoch integer NOT NULL, status text NOT NULL);
  CREATE TABLE step (run integer, seq integer, body text NOT NULL, PRIMARY KEY (run, seq));`;
const BEGIN = `INSERT INTO run SELECT n, 1, 'running' FROM unnest($1::int[]) AS given (n)`;
const KEEP = `INSERT INTO step SELECT given.run, seq, body
  FROM unnest($1::int[], $2::int[], $3::text[]) AS given (run, seq, body) JOIN run ON run.n = given.run AND epoch = 1`;
const FINISH = `UPDATE run SET status = 'done' WHERE n = ANY ($1::int[]) AND epoch = 1`;

/** A row for each run, a fenced one for each step, and the run's end; what runs write in one turn goes in one statement. */
export async function openPostgresLimit(peers: Peers, schema: string) {
  const peer = await peers.load<{ default: { Client: new (options: unknown) => Client } }>("pg");
  if (peer === undefined) throw new Error("pg was there a moment ago.");
  const client = new peer.default.Client({ connectionString: POSTGRES, options: `-c search_path=${schema}` });
  await client.connect();
  await client.query(TABLES);
  let waiting: Waiting[] = [];
  let writing = false;
  let runs = 0;

  async function flushAll(): Promise<void> {
    writing = true;
    while (waiting.length > 0) {
      await new Promise((resolve) => setImmediate(resolve));
      const all = waiting;
      waiting = [];
      try {
        await flush(all);
        for (const { done } of all) done();
      } catch (error) {
        for (const { failed } of all) failed(error);
      }
    }
    writing = false;
  }

  async function flush(all: readonly Waiting[]): Promise<void> {
    const begun = all.filter(({ seq }) => seq < 0).map(({ n }) => n);
    const steps = all.filter(({ seq, body }) => seq >= 0 && body !== undefined);
    const ended = all.filter(({ seq, body }) => seq >= 0 && body === undefined).map(({ n }) => n);
    const lists = [steps.map(({ n }) => n), steps.map(({ seq }) => seq), steps.map(({ body }) => body)];
    if (begun.length > 0) await client.query({ name: "begin", text: BEGIN, values: [begun] });
    if (steps.length > 0) await client.query({ name: "keep", text: KEEP, values: lists });
    if (ended.length > 0) await client.query({ name: "finish", text: FINISH, values: [ended] });
  }

  const write = (n: number, seq: number, body?: string) =>
    new Promise<void>((done, failed) => {
      waiting.push({ n, seq, body, done, failed });
      if (!writing) void flushAll();
    });

  return {
    async run(steps: number, text: string) {
      const n = ++runs;
      await write(n, -1);
      const body = JSON.stringify(text);
      for (let seq = 0; seq < steps; seq++) await write(n, seq, body);
      await write(n, steps);
    },
    end: () => client.end(),
  };
}
