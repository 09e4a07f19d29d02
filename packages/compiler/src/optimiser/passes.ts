/** The passes that can be switched off, each by itself, to see what it is worth. */
export interface Passes {
  /**
   * Constant folding, algebra, masks and extensions that change nothing, branches that are
   * decided.
   */
  readonly fold: boolean;
  /** Byte swaps cancelled, and moved from a compared value to the constant. */
  readonly byteSwaps: boolean;
  /** Constant parts of addresses moved into the offset of loads and stores. */
  readonly addresses: boolean;
  /** Blocks merged, empty diamonds and equal returns joined. */
  readonly controlFlow: boolean;
  /** Predecessors that decide a branch go straight on. */
  readonly threadJumps: boolean;
  /** Values computed once; loads that repeat a load or a store. */
  readonly commonValues: boolean;
  /** Neighbouring constant stores become one. */
  readonly mergeStores: boolean;
  /** Values that nobody uses. */
  readonly deadValues: boolean;
}

/** What is used unless something else is asked for. */
export const allPasses: Passes = {
  fold: true,
  byteSwaps: true,
  addresses: true,
  controlFlow: true,
  threadJumps: true,
  commonValues: true,
  mergeStores: true,
  deadValues: true,
};

/** For tests and for measuring. */
export const noPasses: Passes = {
  fold: false,
  byteSwaps: false,
  addresses: false,
  controlFlow: false,
  threadJumps: false,
  commonValues: false,
  mergeStores: false,
  deadValues: false,
};
