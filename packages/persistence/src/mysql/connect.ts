import { loadDriver } from "../driver.ts";
import { parseAddress } from "../server/address.ts";
import type { Connecting } from "../server/open.ts";
import { checkCertificates } from "../server/trust.ts";
import { mysqlDriver } from "./driver.ts";
import { migrateMysql } from "./migrate.ts";
import type { MysqlOptions } from "./options.ts";

/** Loads the driver, and says how the tables are brought to this version; the server is not asked yet. */
export async function connectMysql(options: MysqlOptions): Promise<Connecting> {
  const address = parseAddress(options.url, { name: "mysql", schemes: ["mysql", "mariadb"], port: 3306 });
  const { file } = address;
  checkCertificates(address, options.tls);
  const [{ default: mysql }, { readMigrations }] = await Promise.all([
    loadDriver("mysql2", file, () => import("mysql2/promise")),
    import("../migrations.ts"),
  ]);
  const driver = mysqlDriver({ createPool: mysql.createPool, address, options });
  const migrations = readMigrations("mysql");
  const manual = options.migrate === "manual";
  return {
    driver,
    file,
    migrations,
    migrate: (connection) => migrateMysql(connection, { file, migrations, manual }),
  };
}
