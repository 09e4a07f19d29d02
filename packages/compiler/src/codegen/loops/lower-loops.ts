/**
 * Gives every loop that the author did not bound by a small number the form that the kernel knows:
 * `may_goto` where it is enough, else a number iterator, else a callback of `bpf_loop`.
 */
import { type IrFunction, turnsMax, type Value } from '../../ir/ir.ts';
import { reversePostorder } from '../../ir/depth-first.ts';
import { UseTable } from '../../ir/use-table.ts';
import { resolveOperands } from '../../optimiser/edit.ts';
import type { Target } from '../target.ts';
import { outline } from './callback-loop.ts';
import { guardOf } from './guard.ts';
import { hideStarts } from './hide-starts.ts';
import { iterate } from './iterator-loop.ts';
import { loopOf } from './natural-loop.ts';

/**
 * Changes the functions in place, and adds those that loop bodies became.
 *
 * @returns the functions that were changed or added
 */
export function lowerLoops(functions: IrFunction[], target: Target): Set<IrFunction> {
  const changed = new Set<IrFunction>();
  for (const made of functions) {
    const kept = new Set<Value>();
    for (let turn = nextTurn(made, kept); turn; turn = nextTurn(made, kept)) {
      const { form, isChanged } = lowerTurn(made, turn, functions, target);
      if (form === 'mayGoto') kept.add(turn);
      if (isChanged) changed.add(made);
    }
  }
  return changed;
}

/** The outermost loop that is left, so that one body taken out takes those inside along. */
function nextTurn(made: IrFunction, kept: ReadonlySet<Value>): Value | undefined {
  for (const block of reversePostorder(made)) {
    const found = block.values.find(({ operation }) => operation.op === 'turn');
    if (found && !kept.has(found)) return found;
  }
  return undefined;
}

interface Lowered {
  readonly form: 'mayGoto' | 'iterator' | 'callback' | 'none';
  readonly isChanged: boolean;
}

function lowerTurn(
  made: IrFunction,
  turn: Value,
  functions: IrFunction[],
  target: Target,
): Lowered {
  const head = turn.block!;
  const loop = loopOf(made, head);
  const guard = guardOf(head);
  if (!loop || !guard) {
    // It does not turn more than once.
    turn.replacement = made.makeConstant(0, 32);
    head.values.splice(head.values.indexOf(turn), 1);
    resolveOperands(made);
    return { form: 'none', isChanged: true };
  }
  const isCallback = !target.mayGoto && !target.numberIterators;
  const hasHidden = hideStarts(made, loop, isCallback);
  const isTurnUsed = new UseTable(made).count(turn) > 1;
  // The instruction counts to the kernel's limit, and to no other.
  if (target.mayGoto && !isTurnUsed && guard.limit === turnsMax) {
    return { form: 'mayGoto', isChanged: hasHidden };
  }
  if (target.numberIterators) {
    iterate(made, loop, guard, isTurnUsed);
    return { form: 'iterator', isChanged: true };
  }
  functions.push(outline(made, loop, guard, freeName(made.name, functions)));
  return { form: 'callback', isChanged: true };
}

function freeName(owner: string, functions: readonly IrFunction[]): string {
  for (let number = 1; ; number++) {
    const name = `${owner}_loop${number}`;
    if (functions.every((each) => each.name !== name)) return name;
  }
}
