import type { Block, IrFunction, IrProgram, Terminator, Value } from './ir.ts';
import { IrFunction as FreshFunction } from './ir.ts';

/** A copy that shares nothing that a pass may change. */
export function copyProgram(program: IrProgram): IrProgram {
  return { ...program, functions: program.functions.map(copyFunction) };
}

/** A copy with values and blocks of its own; both are numbered anew, in order. */
export function copyFunction(made: IrFunction): IrFunction {
  const copy = new FreshFunction(made.name, made.position);
  copy.global = made.global;
  /** The twins, by the id of the original. */
  const blocks = new Array<Block>(made.blockLimit);
  const values = new Array<Value | undefined>(made.valueLimit);
  for (const block of made.blocks) {
    const twin = copy.makeBlock();
    twin.loopDepth = block.loopDepth;
    blocks[block.id] = twin;
    for (const value of block.values) {
      const { operation, width, position } = value;
      const made = copy.makeValue(operation, [], width, position);
      made.block = twin;
      twin.values.push(made);
      values[value.id] = made;
    }
  }
  /** Placed values have a twin already; floating ones get it at their first use. */
  const twinOf = (value: Value): Value => {
    const known = values[value.id];
    if (known) return known;
    const { operation, width, position } = value;
    const made = copy.makeValue(operation, [], width, position);
    values[value.id] = made;
    return made;
  };
  for (const block of made.blocks) {
    const twin = blocks[block.id]!;
    twin.predecessors = block.predecessors.map((each) => blocks[each.id]!);
    twin.terminator = block.terminator && copyEnd(block.terminator, twinOf, blocks);
    block.values.forEach((value, index) => {
      twin.values[index]!.operands = value.operands.map(twinOf);
    });
  }
  return copy;
}

function copyEnd(
  end: Terminator,
  twinOf: (value: Value) => Value,
  blocks: readonly Block[],
): Terminator {
  switch (end.kind) {
    case 'jump':
      return { kind: 'jump', to: blocks[end.to.id]! };
    case 'return':
      return { ...end, value: twinOf(end.value) };
    case 'branch': {
      const [left, right] = [twinOf(end.left), twinOf(end.right)];
      const [ifTrue, ifFalse] = [blocks[end.ifTrue.id]!, blocks[end.ifFalse.id]!];
      return { ...end, left, right, ifTrue, ifFalse };
    }
  }
}
