/** Changes to the graph that several passes make. */
import { type Block, type IrFunction, resolve, type Value } from '../ir/ir.ts';

/** Makes every use name the value that its operand was replaced by. */
export function resolveOperands(made: IrFunction): void {
  for (const block of made.blocks) {
    for (const value of block.values) {
      const { operands } = value;
      for (let index = 0; index < operands.length; index++) {
        operands[index] = resolve(operands[index]!);
      }
    }
    const end = block.terminator;
    if (end?.kind === 'branch') {
      end.left = resolve(end.left);
      end.right = resolve(end.right);
    } else if (end?.kind === 'return') {
      end.value = resolve(end.value);
    }
  }
}

/** The phis that `block` begins with. */
export function phisOf(block: Block): Value[] {
  const end = block.values.findIndex((value) => value.operation.op !== 'phi');
  return end < 0 ? [...block.values] : block.values.slice(0, end);
}

/** Forgets that `predecessor` leads to `block`. */
export function removePredecessor(block: Block, predecessor: Block): void {
  const index = block.predecessors.indexOf(predecessor);
  block.predecessors.splice(index, 1);
  for (const value of block.values) {
    if (value.operation.op !== 'phi') break;
    value.operands.splice(index, 1);
  }
}

/**
 * Makes the edge `from` -> `old` lead to `to`, whose phis must be given their operands by the
 * caller. A branch of which both sides then lead to `to` becomes a jump.
 */
export function redirect(from: Block, old: Block, to: Block): void {
  const end = from.terminator!;
  removePredecessor(old, from);
  if (end.kind === 'jump') {
    end.to = to;
  } else if (end.kind === 'branch') {
    const other = end.ifTrue === old ? end.ifFalse : end.ifTrue;
    if (other === to) {
      from.terminator = { kind: 'jump', to };
      return;
    }
    if (end.ifTrue === old) end.ifTrue = to;
    else end.ifFalse = to;
  }
  to.predecessors.push(from);
}
