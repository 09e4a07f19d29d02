/** Where a packet table can be run. All engines run the same bytecode and must agree. */
import type { TrialTables } from './tables.ts';
import type { TrialEndpoint } from './world.ts';

/** What the endpoint sends (`from`), or what it is to get (`to`). */
export type HookName = 'from' | 'to';

/** What the node sends out of its uplink, or gets there. */
export type UplinkHookName = 'to network' | 'from network';

/** What becomes of a packet. */
export type Fate = 'pass' | 'to peer' | 'answer' | 'drop';

/** What an engine saw of one packet. */
export interface Delivery {
  /** A `Fate`, or in words what happened instead. */
  readonly fate: string;
  /** The packet where it came out; absent where it did not. */
  readonly packet?: Uint8Array;
}

/** Tables, policy programs, and packets that go through the hooks. */
export interface Engine extends TrialTables {
  readonly name: string;
  /** Lets an endpoint send a frame, or the node's stack hand it one. */
  carry(hook: HookName, endpoint: TrialEndpoint, frame: Uint8Array): Delivery;
  /** Lets the node's stack send a frame out of the uplink, or the world send one to it. */
  carryAtUplink(hook: UplinkHookName, frame: Uint8Array): Delivery;
  /**
   * Waits for what may still be under way.
   *
   * @throws Error where something came out that no packet accounts for
   */
  settle(): void;
}
