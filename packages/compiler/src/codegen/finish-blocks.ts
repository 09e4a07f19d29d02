/** What is done to blocks once their registers are known, until only addresses are missing. */
import { hoistCommonHeads } from './common-heads.ts';
import { mergeEqualBlocks } from './equal-blocks.ts';
import { hoistConstants } from './hoist-constants.ts';
import { skipJumps, tightenJumps } from './layout.ts';
import type { MachineBlock } from './machine.ts';
import { presetResult } from './preset-result.ts';

/** Changes the blocks in place; gives those that remain, in the order of memory. */
export function finishBlocks(blocks: MachineBlock[]): MachineBlock[] {
  skipJumps(blocks);
  // One block for many saves more than none for one.
  mergeEqualBlocks(blocks);
  hoistConstants(blocks, true);
  hoistCommonHeads(blocks);
  skipJumps(blocks);
  presetResult(blocks);
  return tightenJumps(blocks);
}
