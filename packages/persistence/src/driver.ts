import { fail } from "./errors.ts";

/** Loads a driver, which is an optional peer, or says what to install. */
export async function loadDriver<T>(driver: string, file: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (cause) {
    throw fail("database.driver_missing", { driver, file }, { cause });
  }
}
