/**
 * The order of the passes, and how often they run.
 */
import type { IrFunction } from '../ir/ir.ts';
import { verifyFunction } from '../ir/verify.ts';
import { findCommonValues } from './common-values.ts';
import { cleanControlFlow, removeUnreachable } from './control-flow.ts';
import { removeDeadValues } from './dead-values.ts';
import { mergeStores } from './merge-stores.ts';
import { allPasses, type Passes } from './passes.ts';
import { simplify } from './simplify.ts';
import { threadJumps } from './thread-jumps.ts';

/**
 * Each round makes the function smaller or simpler; most functions are stable after three or four.
 */
const roundLimit = 8;

/** How often control flow is cleaned and jumps are threaded within a round. */
const stepLimit = 6;

/** What `optimise` is told. */
export interface OptimiseOptions {
  /** Passes that are not named are on. */
  readonly passes?: Partial<Passes>;
  /** Checks the invariants of the IR after every pass. */
  readonly verifies?: boolean;
}

/** Optimises one function in place. */
export function optimise(made: IrFunction, options: OptimiseOptions = {}): void {
  const passes: Passes = { ...allPasses, ...options.passes };
  const check = (after: string): void => {
    if (options.verifies) verifyFunction(made, after);
  };
  check('building');
  removeUnreachable(made);
  let isChanged = false;
  const run = (isOn: boolean, name: string, pass: () => boolean): void => {
    if (!isOn) return;
    isChanged = pass() || isChanged;
    check(name);
  };
  for (let round = 0; round < roundLimit; round++) {
    isChanged = false;
    run(passes.fold || passes.byteSwaps || passes.addresses, 'simplify', () => {
      const isSimpler = simplify(made, passes);
      removeUnreachable(made);
      return isSimpler;
    });
    // Each lets the other find more, and both are cheap.
    for (let step = 0; step < stepLimit; step++) {
      const before: boolean = isChanged;
      isChanged = false;
      run(passes.controlFlow, 'control flow', () => cleanControlFlow(made));
      run(passes.threadJumps, 'thread jumps', () => {
        const isThreaded = threadJumps(made);
        removeUnreachable(made);
        return isThreaded;
      });
      const isStable = !isChanged;
      isChanged ||= before;
      if (isStable) break;
    }
    run(passes.commonValues, 'common values', () => {
      const isFound = findCommonValues(made);
      removeUnreachable(made);
      return isFound;
    });
    run(passes.mergeStores, 'merge stores', () => mergeStores(made));
    run(passes.deadValues, 'dead values', () => removeDeadValues(made));
    if (!isChanged) return;
  }
}
