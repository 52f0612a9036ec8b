/** Journal, documents, sessions and memory in a database. Drivers are loaded when a database is opened. */
export * from "./sqlite/index.ts";
export { storeGet, storeList, storePut, storeTools } from "./store-tools.ts";
