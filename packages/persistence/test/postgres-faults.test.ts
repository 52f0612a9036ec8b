import { faultsOn } from "./server-faults.ts";
import { postgresServer } from "./servers.ts";

await faultsOn(postgresServer);
