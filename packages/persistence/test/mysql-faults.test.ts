import { faultsOn } from "./server-faults.ts";
import { mysqlServer } from "./servers.ts";

await faultsOn(mysqlServer);
