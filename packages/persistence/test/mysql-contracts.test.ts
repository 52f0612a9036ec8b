import { contractsOn } from "./server-contracts.ts";
import { mysqlServer } from "./servers.ts";

await contractsOn(mysqlServer);
