/**
 * Gives every loop that the author did not bound by a small number the form that the kernel knows:
 * `may_goto` where it is enough, else a number iterator, else a callback of `bpf_loop`.
 */
import { type IrFunction, type Operation, turnsMax, type Value } from '../../ir/ir.ts';
import { reversePostorder } from '../../ir/depth-first.ts';
import { UseTable } from '../../ir/use-table.ts';
import { resolveOperands } from '../../optimiser/edit.ts';
import type { Target } from '../target.ts';
import { outline } from './callback-loop.ts';
import { guardOf } from './guard.ts';
import { hideStarts } from './hide-starts.ts';
import { iterate } from './iterator-loop.ts';
import { loopOf } from './natural-loop.ts';
import { findPlainLoops } from './plain-loops.ts';

/**
 * Changes the functions in place, and adds those that loop bodies became.
 *
 * @returns the functions that were changed or added
 */
export function lowerLoops(
  functions: IrFunction[],
  target: Target,
  programType: number,
): Set<IrFunction> {
  const changed = new Set<IrFunction>();
  const bodies = new Set<IrFunction>();
  // While the functions are whole.
  const withCallbacks = target.numberIterators ? [] : functions;
  const plain = new Set(withCallbacks.flatMap((made) => findPlainLoops(made, programType)));
  for (const made of functions) {
    const kept = new Set<Value>();
    for (let turn = nextTurn(made, kept); turn; turn = nextTurn(made, kept)) {
      const { form, isChanged } = lowerTurn(made, turn, { functions, bodies, plain, target });
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

interface Surroundings {
  readonly functions: IrFunction[];
  /** Those functions that became of loop bodies. */
  readonly bodies: Set<IrFunction>;
  /** Those whose results the verifier may forget. */
  readonly plain: ReadonlySet<Operation>;
  readonly target: Target;
}

interface Lowered {
  readonly form: 'mayGoto' | 'iterator' | 'callback' | 'none';
  readonly isChanged: boolean;
}

function lowerTurn(
  made: IrFunction,
  turn: Value,
  { functions, bodies, plain, target }: Surroundings,
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
  const name = freeName(made.name, functions);
  const isPlain = plain.has(turn.operation);
  const body = outline(made, loop, guard, { name, isBody: bodies.has(made), isPlain });
  functions.push(body);
  bodies.add(body);
  return { form: 'callback', isChanged: true };
}

function freeName(owner: string, functions: readonly IrFunction[]): string {
  for (let number = 1; ; number++) {
    const name = `${owner}_loop${number}`;
    if (functions.every((each) => each.name !== name)) return name;
  }
}
