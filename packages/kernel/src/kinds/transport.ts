import type { Delivery, Message } from "../message.ts";

/** Carries messages to where the local bus cannot reach. Batch-first. */
export interface Transport {
  readonly name: string;
  /** Whether it can reach an address that is not local. */
  claims(address: string): boolean;
  deliver(batch: readonly Message[]): Promise<readonly Delivery[]>;
}
