/**
 * The order of the passes, and how often they run.
 */
import { reversePostorder } from '../ir/depth-first.ts';
import type { IrFunction } from '../ir/ir.ts';
import { verifyFunction } from '../ir/verify.ts';
import { findCommonValues } from './common-values.ts';
import { cleanControlFlow } from './control-flow.ts';
import { removeDeadValues } from './dead-values.ts';
import { removeUnreachable } from './edit.ts';
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

/**
 * Optimises one function in place. Between passes all its blocks can be reached, and stand in
 * reverse postorder: a pass may rely on it, and one that changes control flow sees to it.
 */
export function optimise(made: IrFunction, options: OptimiseOptions = {}): void {
  const passes: Passes = { ...allPasses, ...options.passes };
  const runner = new PassRunner(made, options.verifies ?? false);
  for (let round = 0; round < roundLimit; round++) {
    const before = runner.changeCount;
    runner.run(passes.fold || passes.byteSwaps || passes.addresses, 'simplify', () =>
      simplify(made, passes),
    );
    // Each lets the other find more, and both are cheap.
    for (let step = 0; step < stepLimit; step++) {
      const beforeStep = runner.changeCount;
      runner.run(passes.controlFlow, 'control flow', () => cleanControlFlow(made));
      runner.run(passes.threadJumps, 'thread jumps', () => threadJumps(made));
      if (runner.changeCount === beforeStep) break;
    }
    runner.run(passes.commonValues, 'common values', () => findCommonValues(made));
    runner.run(passes.mergeStores, 'merge stores', () => mergeStores(made));
    runner.run(passes.deadValues, 'dead values', () => removeDeadValues(made));
    if (runner.changeCount === before) return;
  }
}

/** Runs passes over one function, but none that must find it as it left it. */
class PassRunner {
  /** How many passes have changed something. */
  changeCount = 0;
  /** By pass: what `changeCount` was when it last found nothing to do. */
  private readonly idleAt = new Map<string, number>();

  constructor(
    private readonly made: IrFunction,
    private readonly verifies: boolean,
  ) {
    if (verifies) verifyFunction(made, 'building');
    removeUnreachable(made);
  }

  /** `pass` gives whether anything changed. */
  run(isOn: boolean, name: string, pass: () => boolean): void {
    if (!isOn || this.idleAt.get(name) === this.changeCount) return;
    if (pass()) {
      this.changeCount++;
    } else {
      this.idleAt.set(name, this.changeCount);
    }
    this.verify(name);
  }

  private verify(after: string): void {
    if (!this.verifies) return;
    verifyFunction(this.made, after);
    const order = reversePostorder(this.made);
    if (order.some((block, place) => block !== this.made.blocks[place])) {
      throw new Error(`verify ${this.made.name}: after ${after}: blocks in another order`);
    }
  }
}
