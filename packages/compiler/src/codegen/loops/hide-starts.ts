/**
 * A number that grows from turn to turn, and that something is decided by, or that becomes a part
 * of an address, must not begin with what the verifier knows: it would follow it number by number,
 * turn by turn, until it gives up. Such a number begins with the sum of itself and a zero that only
 * the author's side knows to be one.
 *
 * Nobody misses what is hidden: whatever becomes an index or a part of an address is compared or
 * masked in the turn in which it does.
 *
 * @source is_state_visited and check_cond_jmp_op, kernel/bpf/verifier.c
 */
import {
  type Block,
  type IrFunction,
  isCall,
  successors,
  type Value,
  type Width,
} from '../../ir/ir.ts';
import { phisOf } from '../../optimiser/edit.ts';
import { BlockWriter } from './block-writer.ts';
import type { NaturalLoop } from './natural-loop.ts';
import { Numbers } from './numbers.ts';

/**
 * Whether the loop has such a number.
 *
 * @param isCallback the verifier keeps what a turn has learned by a comparison, and follows that
 */
export function hideStarts(
  made: IrFunction,
  { head, blocks, latches }: NaturalLoop,
  isCallback: boolean,
): boolean {
  const everywhere = new Numbers(made.blocks);
  // What a loop around this one carries begins anew here.
  const numbers = new Numbers([...blocks]);
  let isChanged = false;
  for (const carried of phisOf(head)) {
    const after = numbers.computedFrom(carried);
    const computed = everywhere.computedFrom(carried);
    const isDeciding = isCompared(computed, made.blocks) || isAddress(computed, made.blocks);
    if (!isDeciding || !numbers.grows(carried)) continue;
    const isLearned = isCallback && isCompared(after, [...blocks].filter(staysIn(blocks)));
    if (isLearned) for (const latch of latches) hide(made, carried, latch);
    for (const block of blocks) {
      for (const phi of phisOf(block)) {
        const isSame = after.has(phi) && numbers.computedFrom(phi).has(carried);
        if (isSame && hideKnown(made, phi, after)) isChanged = true;
      }
    }
  }
  return isChanged;
}

/** Hides those operands of the phi that begin something: they do not come from the turns before. */
function hideKnown(made: IrFunction, phi: Value, after: ReadonlySet<Value>): boolean {
  let isChanged = false;
  phi.operands.forEach((operand, index) => {
    if (after.has(operand) || isUnknown(operand)) return;
    hide(made, phi, phi.block!.predecessors[index]!);
    isChanged = true;
  });
  return isChanged;
}

/** What the phi gets from one of its predecessors. */
function hide(made: IrFunction, phi: Value, from: Block): void {
  const writer = new BlockWriter(made, from, null);
  const index = phi.block!.predecessors.indexOf(from);
  const operands = [zero(writer, phi.width), phi.operands[index]!];
  phi.operands[index] = writer.put({ op: 'add' }, operands, phi.width);
}

/** Whether a block decides something by one of the values. */
function isCompared(values: ReadonlySet<Value>, blocks: readonly Block[]): boolean {
  return blocks.some(({ terminator: end }) => {
    return end?.kind === 'branch' && (values.has(end.left) || values.has(end.right));
  });
}

/** Whether one of the values is where something is read or written. */
function isAddress(values: ReadonlySet<Value>, blocks: readonly Block[]): boolean {
  return blocks.some((block) => {
    return block.values.some(({ operation, operands: [address] }) => {
      return 'access' in operation && values.has(address!);
    });
  });
}

/** Whether a block of the loop leads to blocks of the loop only. */
function staysIn(blocks: ReadonlySet<Block>): (block: Block) => boolean {
  return (block) => successors(block).every((next) => blocks.has(next));
}

/** One of its own for each use: what the verifier learns of one it would know of all. */
function zero(writer: BlockWriter, width: Width): Value {
  const slot = { name: 'hidden', size: 8 };
  const address = writer.made.makeValue({ op: 'slot', slot }, [], 64);
  const hidden = writer.put({ op: 'hidden' }, [address], 64);
  const sum = writer.put({ op: 'add' }, [hidden, writer.constant(1, 64)], 64);
  return width === 64 ? sum : writer.put({ op: 'truncate' }, [sum], 32);
}

/** Every number of its width is possible, as far as the verifier knows. */
function isUnknown({ operation, operands, width }: Value): boolean {
  switch (operation.op) {
    case 'load':
      return operation.access.size * 8 === width || operation.access.space === 'packetBounds';
    case 'add':
    case 'sub':
    case 'mul':
    case 'truncate':
      return operands.some(isUnknown);
    case 'hidden':
      return true;
    default:
      return isCall(operation);
  }
}
