// A database server of the test's own, from the binaries that are installed: one that may be killed.
import { execFileSync, spawn } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import mysql from "mysql2/promise";
import pg from "pg";

/** A running server in a folder of its own; gone with the test. */
interface PrivateServer extends AsyncDisposable {
  readonly url: string;
  /** Ends it with SIGKILL, and everything that it has started. */
  kill(): Promise<void>;
  /** Starts it on what it left behind. */
  start(): Promise<void>;
}

export interface Installed {
  readonly name: "postgres" | "mysql";
  /** Why there can be none; undefined if there can. */
  readonly missing: string | undefined;
  open(): Promise<PrivateServer>;
}

interface Program {
  readonly command: string;
  readonly args: readonly string[];
  /** Whose process it is: neither server runs as root. */
  readonly user: string;
  readonly folder: string;
  readonly url: string;
  ping(): Promise<void>;
}

const POSTGRES = newest("/usr/lib/postgresql");
const MARIADB = ["/usr/sbin/mariadbd", "/usr/sbin/mysqld"].find((path) => existsSync(path));
const INSTALL = ["/usr/bin/mariadb-install-db", "/usr/bin/mysql_install_db"].find((path) => existsSync(path));
const isRoot = process.getuid?.() === 0;

export const privatePostgres: Installed = {
  name: "postgres",
  missing: POSTGRES === undefined ? "no PostgreSQL binaries in /usr/lib/postgresql" : undefined,
  async open() {
    const { folder, port } = await prepare("postgres");
    const data = join(folder, "data");
    const bin = POSTGRES ?? "";
    execFileSync(join(bin, "initdb"), ["-D", data, "-A", "trust", "-U", "mofa", "-E", "UTF8", "--no-sync"], {
      ...as("postgres"),
      stdio: "ignore",
    });
    const url = `postgres://mofa@127.0.0.1:${port}/postgres`;
    const settings = ["listen_addresses=127.0.0.1", `unix_socket_directories=${folder}`, "shared_buffers=32MB"];
    return run({
      command: join(bin, "postgres"),
      args: ["-D", data, "-p", String(port), ...settings.flatMap((each) => ["-c", each])],
      user: "postgres",
      folder,
      url,
      async ping() {
        const client = new pg.Client({ connectionString: url });
        client.on("error", ignore);
        await client.connect();
        await client.end();
      },
    });
  },
};

export const privateMariadb: Installed = {
  name: "mysql",
  missing: MARIADB === undefined || INSTALL === undefined ? "no MariaDB binaries in /usr/sbin and /usr/bin" : undefined,
  async open() {
    const { folder, port } = await prepare("mysql");
    const data = join(folder, "data");
    const install = [
      "--no-defaults",
      `--datadir=${data}`,
      "--auth-root-authentication-method=normal",
      "--skip-test-db",
    ];
    execFileSync(INSTALL ?? "", install, { ...as("mysql"), stdio: "ignore" });
    const url = `mysql://root@127.0.0.1:${port}/mysql`;
    return run({
      command: MARIADB ?? "",
      args: [
        "--no-defaults",
        `--datadir=${data}`,
        `--socket=${join(folder, "s.sock")}`,
        `--pid-file=${join(folder, "pid")}`,
        `--port=${port}`,
        "--bind-address=127.0.0.1",
        "--innodb-buffer-pool-size=32M",
      ],
      user: "mysql",
      folder,
      url,
      async ping() {
        const client = await mysql.createConnection({ uri: url });
        await client.query("CREATE DATABASE IF NOT EXISTS mofa");
        await client.end();
      },
    });
  },
};

async function run(program: Program): Promise<PrivateServer> {
  const { command, args, user, folder, url, ping } = program;
  let running: ReturnType<typeof spawn> | undefined;

  async function kill(): Promise<void> {
    const { pid } = running ?? {};
    if (running === undefined || pid === undefined || running.exitCode !== null) return;
    const ended = new Promise((resolve) => running?.once("exit", resolve));
    // The first one first: it would start the others again.
    for (const one of [pid, ...childrenOf(pid)]) {
      try {
        process.kill(one, "SIGKILL");
      } catch {
        // It has ended by itself.
      }
    }
    await ended;
    running = undefined;
  }

  async function start(): Promise<void> {
    for (let tries = 0; ; tries++) {
      if (running === undefined || running.exitCode !== null)
        running = spawn(command, args, { ...as(user), stdio: "ignore" });
      try {
        return await ping();
      } catch (error) {
        if (tries > 300) throw error;
        await sleep(50);
      }
    }
  }

  await start();
  return {
    url: user === "mysql" ? url.replace(/mysql$/, "mofa") : url,
    kill,
    start,
    async [Symbol.asyncDispose]() {
      await kill();
      rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

async function prepare(user: string): Promise<{ readonly folder: string; readonly port: number }> {
  const folder = mkdtempSync(join(tmpdir(), `mofa-${user}-`));
  const { uid, gid } = as(user);
  if (uid !== undefined && gid !== undefined) chownSync(folder, uid, gid);
  return { folder, port: await freePort() };
}

function as(user: string): { readonly uid?: number; readonly gid?: number } {
  if (!isRoot) return {};
  const id = (flag: string) => Number(execFileSync("id", [flag, user], { encoding: "utf8" }));
  return { uid: id("-u"), gid: id("-g") };
}

function childrenOf(parent: number): readonly number[] {
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      try {
        return new RegExp(`^\\d+ \\(.*\\) \\S ${parent} `).test(readFileSync(`/proc/${pid}/stat`, "utf8"));
      } catch {
        return false;
      }
    });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address();
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0));
    });
  });
}

function newest(folder: string): string | undefined {
  if (!existsSync(folder)) return undefined;
  const version = readdirSync(folder).sort((left, right) => Number(right) - Number(left))[0];
  return version === undefined ? undefined : join(folder, version, "bin");
}

function ignore(): void {}
