import { contractsOn } from "./server-contracts.ts";
import { postgresServer } from "./servers.ts";

await contractsOn(postgresServer);
