/** Which registers certainly hold the context: their loads need no check. */
import type { Placed } from '../../asm/decode.ts';
import { Register } from '../../asm/instruction.ts';
import type { Block } from './flow-graph.ts';

/** A bit for each register. */
export type RegisterSet = number;

const LOST_BY_CALLS = 0b11_1111;
const ALL = 0x7ff;

/** The set at the start of each block, when `initial` holds at the start of the first. */
export function contextRegisters(
  blocks: readonly Block[],
  initial: RegisterSet,
): ReadonlyMap<Block, RegisterSet> {
  const atStart = new Map<Block, RegisterSet>(blocks.map((block) => [block, ALL]));
  atStart.set(blocks[0]!, initial);
  for (let changed = true; changed; ) {
    changed = false;
    for (const block of blocks) {
      const atEnd = block.instructions.reduce(afterInstruction, atStart.get(block)!);
      for (const to of [block.next, block.target]) {
        if (to === undefined) continue;
        const old = atStart.get(to)!;
        atStart.set(to, old & atEnd);
        if ((old & atEnd) !== old) changed = true;
      }
    }
  }
  return atStart;
}

/** The set after an instruction. */
export function afterInstruction(before: RegisterSet, { instruction }: Placed): RegisterSet {
  switch (instruction.kind) {
    case 'arithmetic': {
      const { operator, width, destination, source } = instruction;
      const isMove = operator === 'mov' && width === 64 && source instanceof Register;
      const holds = isMove && (before & (1 << source.number)) !== 0;
      const others = before & ~(1 << destination.number);
      return holds ? others | (1 << destination.number) : others;
    }
    case 'signExtend':
    case 'negate':
    case 'byteSwap':
    case 'loadConstant':
    case 'load':
      return before & ~(1 << instruction.destination.number);
    case 'atomic':
      return before & ~(1 << instruction.source.number) & ~1;
    case 'call':
      return before & ~LOST_BY_CALLS;
    default:
      return before;
  }
}
