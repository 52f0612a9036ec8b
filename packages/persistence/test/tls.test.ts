// Servers that only let encrypted connections in, with certificates that were made for the test.
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import {
  type Installed,
  type PrivateServer,
  privateMariadb,
  privatePostgres,
} from "@mofa/devkit/databases/private-server";
import { toErrorJson } from "@mofa/kernel";
import { createKernel } from "@mofa/kernel/host";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mysql, openMysql } from "../src/mysql/index.ts";
import { openPostgres, postgres } from "../src/postgres/index.ts";
import type { ServerOptions, TlsOptions } from "../src/server/options.ts";
import { temporaryFolder } from "./folder.ts";

interface Signed {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** A certificate for a name, and that of who signed it. */
function sign(name: string): Signed {
  using folder = temporaryFolder();
  const { at } = folder;
  const openssl = (...args: readonly string[]) => execFileSync("openssl", args, { stdio: "pipe" });
  const fresh = (file: string) => [
    "-newkey",
    "ec",
    "-pkeyopt",
    "ec_paramgen_curve:prime256v1",
    "-nodes",
    "-keyout",
    file,
  ];
  openssl("req", "-x509", ...fresh(at("ca.key")), "-out", at("ca.pem"), "-subj", "/CN=Test authority", "-days", "2");
  openssl("req", ...fresh(at("key")), "-out", at("request"), "-subj", `/CN=${name}`);
  writeFileSync(at("names"), `subjectAltName=DNS:${name}`);
  const authority = ["-CA", at("ca.pem"), "-CAkey", at("ca.key"), "-CAcreateserial", "-days", "2"];
  openssl("x509", "-req", "-in", at("request"), ...authority, "-extfile", at("names"), "-out", at("cert.pem"));
  const read = (file: string) => readFileSync(at(file), "utf8");
  return { ca: read("ca.pem"), cert: read("cert.pem"), key: read("key") };
}

const hasOpenssl = (() => {
  try {
    execFileSync("openssl", ["version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
})();

const kinds = [
  { installed: privatePostgres, open: openPostgres, plugin: postgres },
  { installed: privateMariadb, open: openMysql, plugin: mysql },
];

function whyNot({ missing }: Installed): string | undefined {
  return missing ?? (hasOpenssl ? undefined : "no openssl");
}

for (const { installed, open, plugin } of kinds) {
  const missing = whyNot(installed);
  const title = `a ${installed.name} server that encrypts`;
  describe.skipIf(missing !== undefined)(missing === undefined ? title : `${title} (skipped: ${missing})`, () => {
    const ours = hasOpenssl ? sign("db.example.test") : { ca: "", cert: "", key: "" };
    const { ca } = ours;
    const servername = "db.example.test";
    let server: PrivateServer;
    beforeAll(async () => {
      server = await installed.open({ tls: ours });
    });
    afterAll(() => server?.[Symbol.asyncDispose]());

    /** What comes of opening it: the code of the error, or "opened". */
    async function tried(tls: ServerOptions["tls"], url = server.url): Promise<readonly string[]> {
      try {
        const opened = await open({ url, ...(tls !== undefined && { tls }) });
        await opened.close();
        return ["opened"];
      } catch (thrown) {
        const { code, message } = toErrorJson(thrown);
        return [code, message];
      }
    }

    test("is opened by whoever trusts its authority and knows its name, and keeps what it is given", async () => {
      await using opened = await open({ url: server.url, tls: { ca, servername } });
      await opened.store.put("a", 1);
      expect((await opened.store.get("a"))?.body).toBe(1);
      await using kernel = await createKernel({ plugins: [plugin({ url: server.url, tls: { ca, servername } })] });
      expect((await kernel.get("store", installed.name).get("a"))?.body).toBe(1);
    });

    test("is not trusted under another authority, and the sentence says what to give", async () => {
      const [code, message] = await tried({ ca: sign("db.example.test").ca, servername });
      expect(code).toBe("database.not_trusted");
      expect(message).toMatch(
        /did not prove who it is: .*(certificate|signature).*\. Nothing was sent to it\. .*tls: \{ ca \}/,
      );
    });

    test.each<[string, ServerOptions["tls"]]>([
      ["nobody of its own is named", true],
      ["its name is another one", { ca, servername: "other.example.test" }],
      ["it is called by an address that its certificate does not have", { ca }],
    ])("is not trusted where %s", async (_, tls) => {
      expect((await tried(tls))[0]).toBe("database.not_trusted");
    });

    test("is known by the name that is said, whatever its host is called", async () => {
      const url = server.url.replace("127.0.0.1", "localhost");
      expect(await tried({ ca, servername }, url)).toEqual(["opened"]);
      expect((await tried({ ca }, url))[0]).toBe("database.not_trusted");
    });

    test("is believed without proof only where that is said", async () => {
      const url = `${server.url}?sslmode=`;
      expect(await tried({ rejectUnauthorized: false })).toEqual(["opened"]);
      expect(await tried(undefined, `${url}no-verify`)).toEqual(["opened"]);
      expect((await tried(undefined, `${url}require`))[0]).toBe("database.not_trusted");
      expect((await tried(undefined, `${url}verify-full`))[0]).toBe("database.not_trusted");
    });

    test("lets nobody in who does not encrypt", async () => {
      expect((await tried(false))[0]).toBe("database.access_denied");
    });

    test("is not spoken to where it cannot encrypt, and is to", async () => {
      await using silent = await installed.open();
      const [code, message] = await tried({ ca, servername }, silent.url);
      expect(code).toBe("database.not_encrypted");
      expect(message).toContain("leave out tls and sslmode");
    });

    test("is not asked with a certificate that is none", async () => {
      const bad: readonly TlsOptions[] = [{ ca: "no PEM" }, { ca, cert: "no PEM", key: "no PEM" }];
      for (const tls of bad) expect((await tried(tls))[0]).toBe("database.bad_certificate");
    });
  });
}
