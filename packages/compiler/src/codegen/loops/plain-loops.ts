import { type Block, type IrFunction, isCall, type Operation, type Value } from '../../ir/ir.ts';
import { loopOf } from './natural-loop.ts';
import { Numbers } from './numbers.ts';

/** Kinds of programs that may return any number: socket filter, traffic control, XDP. */
const freeResults: ReadonlySet<number> = new Set([1, 3, 6]);

/**
 * The loops, by the operation of their turn, of whose results the verifier may know nothing: none
 * is a pointer, and none becomes an address, an argument, or a program's result that has to be in a
 * range. Behind a mask they may. To be asked before a loop is taken out of the function: what goes
 * through memory is not seen.
 *
 * @source check_return_code, kernel/bpf/verifier.c
 */
export function findPlainLoops(made: IrFunction, programType: number): Operation[] {
  const turns = made.blocks.flatMap((block) =>
    block.values.filter(({ operation }) => operation.op === 'turn'),
  );
  if (turns.length === 0) return [];
  const numbers = new Numbers(made.blocks);
  const bounded = new Set(
    made.blocks.flatMap((block) => {
      const end = block.terminator;
      const isResult = end?.kind === 'return' && !freeResults.has(programType);
      return [...block.values.flatMap(wantsBounds), ...(isResult ? [end.value] : [])];
    }),
  );
  const isPlain = (value: Value): boolean => {
    if (value.width !== 32) return false;
    return [...numbers.computedFrom(value, false)].every((each) => !bounded.has(each));
  };
  const others = new Set(
    turns
      .filter((turn) => !resultsOf(made, turn.block!).every(isPlain))
      .map(({ operation }) => operation),
  );
  return turns.map(({ operation }) => operation).filter((each) => !others.has(each));
}

/** The operands that the verifier has to know the bounds of. */
function wantsBounds({ operation, operands }: Value): readonly Value[] {
  if (isCall(operation)) return operands;
  return 'access' in operation ? operands.slice(0, 1) : [];
}

/** The values of a loop that are used after it. */
function resultsOf(made: IrFunction, head: Block): Value[] {
  const inside = loopOf(made, head)?.blocks;
  if (!inside) return [];
  const used = made.blocks.flatMap((block) => {
    if (inside.has(block)) return [];
    const end = block.terminator;
    const atEnd =
      end?.kind === 'branch' ? [end.left, end.right] : end?.kind === 'return' ? [end.value] : [];
    return [...block.values.flatMap(({ operands }) => operands), ...atEnd];
  });
  return used.filter((value) => value.block && inside.has(value.block));
}
