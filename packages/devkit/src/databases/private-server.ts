// A database server of a test's own, from the binaries that are installed: one that may be killed.
import { execFile, execFileSync, spawn } from "node:child_process";
import { chownSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect, createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { promisify } from "node:util";

/** A running server in a folder of its own; gone with the test. */
export interface PrivateServer extends AsyncDisposable {
  readonly url: string;
  /** Ends it with SIGKILL, and everything that it has started. */
  kill(): Promise<void>;
  /** Starts it on what it left behind. */
  start(): Promise<void>;
}

export interface PrivateOptions {
  /** A certificate and its key, as text: the server then takes no connection that is not encrypted. */
  readonly tls?: { readonly cert: string; readonly key: string };
}

export interface Installed {
  readonly name: "postgres" | "mysql";
  /** Why there can be none; undefined if there can. */
  readonly missing: string | undefined;
  open(options?: PrivateOptions): Promise<PrivateServer>;
}

/** Where a server lives. */
interface Place {
  readonly folder: string;
  readonly port: number;
  /** Whose process it is: neither server runs as root. */
  readonly user: string;
}

interface Program extends Place {
  readonly command: string;
  readonly args: readonly string[];
  readonly url: string;
  /** Fails while the server takes no connections. */
  ping(): Promise<void>;
}

const POSTGRES = newest("/usr/lib/postgresql");
const MARIADB = ["/usr/sbin/mariadbd", "/usr/sbin/mysqld"].find((path) => existsSync(path));
const INSTALL = ["/usr/bin/mariadb-install-db", "/usr/bin/mysql_install_db"].find((path) => existsSync(path));
const isRoot = process.getuid?.() === 0;

export const privatePostgres: Installed = {
  name: "postgres",
  missing: POSTGRES === undefined ? "no PostgreSQL binaries in /usr/lib/postgresql" : undefined,
  async open({ tls } = {}) {
    const place = await prepare("postgres");
    const { folder, port } = place;
    const data = join(folder, "data");
    const bin = POSTGRES ?? "";
    execFileSync(join(bin, "initdb"), ["-D", data, "-A", "trust", "-U", "mofa", "-E", "UTF8", "--no-sync"], {
      ...as("postgres"),
      stdio: "ignore",
    });
    const settings = ["listen_addresses=127.0.0.1", `unix_socket_directories=${folder}`, "shared_buffers=32MB"];
    if (tls !== undefined) {
      const { cert, key } = keep(place, tls);
      settings.push("ssl=on", `ssl_cert_file=${cert}`, `ssl_key_file=${key}`);
      writeFileSync(join(data, "pg_hba.conf"), "hostssl all all 127.0.0.1/32 trust\n");
    }
    return run({
      ...place,
      command: join(bin, "postgres"),
      args: ["-D", data, "-p", String(port), ...settings.flatMap((each) => ["-c", each])],
      url: `postgres://mofa@127.0.0.1:${port}/postgres`,
      ping: async () => void (await execute(join(bin, "pg_isready"), ["-h", "127.0.0.1", "-p", String(port)])),
    });
  },
};

export const privateMariadb: Installed = {
  name: "mysql",
  missing: MARIADB === undefined || INSTALL === undefined ? "no MariaDB binaries in /usr/sbin and /usr/bin" : undefined,
  async open({ tls } = {}) {
    const place = await prepare("mysql");
    const { folder, port } = place;
    const data = join(folder, "data");
    const install = [
      "--no-defaults",
      `--datadir=${data}`,
      "--auth-root-authentication-method=normal",
      "--skip-test-db",
    ];
    execFileSync(INSTALL ?? "", install, { ...as("mysql"), stdio: "ignore" });
    const first = own(place, "first.sql", "CREATE DATABASE IF NOT EXISTS mofa;\n");
    const args = [
      "--no-defaults",
      `--datadir=${data}`,
      `--socket=${join(folder, "s.sock")}`,
      `--pid-file=${join(folder, "pid")}`,
      `--port=${port}`,
      "--bind-address=127.0.0.1",
      "--innodb-buffer-pool-size=32M",
      `--init-file=${first}`,
    ];
    if (tls !== undefined) {
      const { cert, key } = keep(place, tls);
      args.push(`--ssl-cert=${cert}`, `--ssl-key=${key}`, "--require-secure-transport=ON");
    }
    const url = `mysql://root@127.0.0.1:${port}/mofa`;
    return run({ ...place, command: MARIADB ?? "", args, url, ping: () => greeted(port) });
  },
};

async function run({ command, args, user, folder, url, ping }: Program): Promise<PrivateServer> {
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

  async function end(): Promise<void> {
    await kill();
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }

  try {
    await start();
  } catch (error) {
    await end();
    throw error;
  }
  return { url, kill, start, [Symbol.asyncDispose]: end };
}

async function prepare(user: string): Promise<Place> {
  const folder = mkdtempSync(join(tmpdir(), `mofa-${user}-`));
  const place = { folder, user, port: await freePort() };
  give(place, folder);
  return place;
}

/** Writes a file that the server's user may read, and nobody else. */
function own(place: Place, name: string, text: string): string {
  const path = join(place.folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  give(place, path);
  return path;
}

function keep(place: Place, { cert, key }: { readonly cert: string; readonly key: string }) {
  return { cert: own(place, "cert.pem", cert), key: own(place, "key.pem", key) };
}

function give({ user }: Place, path: string): void {
  const { uid, gid } = as(user);
  if (uid !== undefined && gid !== undefined) chownSync(path, uid, gid);
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

// The server speaks first, as soon as it takes connections: a byte of ten says that this is no refusal.
function greeted(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: "127.0.0.1", port, timeout: 5_000 });
    const refuse = () => {
      socket.destroy();
      reject(new Error(`Nobody greets at port ${port}.`));
    };
    socket.once("data", (packet) => {
      if (packet[4] !== 10) return refuse();
      socket.destroy();
      resolve();
    });
    socket.once("error", refuse).once("timeout", refuse).once("close", refuse);
  });
}

function newest(folder: string): string | undefined {
  if (!existsSync(folder)) return undefined;
  const version = readdirSync(folder).sort((left, right) => Number(right) - Number(left))[0];
  return version === undefined ? undefined : join(folder, version, "bin");
}

const execute = promisify(execFile);
