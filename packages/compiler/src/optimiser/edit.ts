/** Changes to the graph that several passes make. */
import { placesOf, reversePostorder } from '../ir/depth-first.ts';
import { type Block, type IrFunction, resolve, type Value } from '../ir/ir.ts';

/** Drops what cannot be reached; blocks are left in reverse postorder. Whether anything changed. */
export function removeUnreachable(made: IrFunction): boolean {
  const order = reversePostorder(made);
  if (order.length === made.blocks.length) {
    made.blocks = order;
    return false;
  }
  const places = placesOf(order, made);
  const isReached = (before: Block): boolean => places[before.id]! >= 0;
  for (const block of order) {
    if (block.predecessors.every(isReached)) continue;
    const before = block.predecessors;
    const isKept = (_: unknown, index: number): boolean => isReached(before[index]!);
    block.predecessors = before.filter(isReached);
    for (const phi of phisOf(block)) phi.operands = phi.operands.filter(isKept);
  }
  made.blocks = order;
  return true;
}

/** Makes every use name the value that its operand was replaced by. */
export function resolveOperands(made: IrFunction): void {
  for (const block of made.blocks) {
    const { values } = block;
    for (let index = 0; index < values.length; index++) resolveIn(values[index]!.operands);
    const end = block.terminator;
    if (end?.kind === 'branch') {
      end.left = resolve(end.left);
      end.right = resolve(end.right);
    } else if (end?.kind === 'return') {
      end.value = resolve(end.value);
    }
  }
}

/** Makes each of `operands` the value that it was replaced by. */
export function resolveIn(operands: Value[]): void {
  for (let index = 0; index < operands.length; index++) {
    if (operands[index]!.replacement) operands[index] = resolve(operands[index]!);
  }
}

/** The phis that `block` begins with. */
export function phisOf(block: Block): Value[] {
  const { values } = block;
  let end = 0;
  while (end < values.length && isPhi(values[end]!)) end++;
  return values.slice(0, end);
}

/** Whether `block` begins with a phi. */
export function hasPhis({ values }: Block): boolean {
  return values.length > 0 && isPhi(values[0]!);
}

/** Whether `value` is one of the values that meet at the start of a block. */
export function isPhi(value: Value): boolean {
  return value.operation.op === 'phi';
}

/** Forgets that `predecessor` leads to `block`. */
export function removePredecessor(block: Block, predecessor: Block): void {
  const index = block.predecessors.indexOf(predecessor);
  block.predecessors.splice(index, 1);
  for (const value of block.values) {
    if (!isPhi(value)) break;
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
