/**
 * Variables become values: a read is the value that reaches it, or a phi where several do (Braun et
 * al., Simple and Efficient Construction of Static Single Assignment Form, 2013).
 */
import {
  type Block,
  type IrFunction,
  resolve,
  type SourcePosition,
  type Value,
  type Width,
} from './ir.ts';

/** A place that can be written several times; each read is the value that reaches it. */
export class Variable {
  constructor(
    readonly name: string,
    readonly width: Width,
  ) {}
}

/** A phi that is to get the values of its predecessors. */
interface Filling {
  readonly variable: Variable;
  readonly phi: Value;
  readonly block: Block;
  readonly position: SourcePosition | null;
}

/** What the variables of one function are, block by block. */
export class VariableTable {
  private readonly sealed = new Set<Block>();
  private readonly definitions = new Map<Block, Map<Variable, Value>>();
  private readonly incomplete = new Map<Block, Map<Variable, Value>>();
  private readonly phiUsers = new Map<Value, Set<Value>>();

  constructor(
    private readonly made: IrFunction,
    /** Is told what is read that some path has not written; it is 0 there. */
    private readonly onUnwritten: (variable: Variable, position: SourcePosition | null) => void,
  ) {}

  /** Whether `block` has all its predecessors. */
  isSealed(block: Block): boolean {
    return this.sealed.has(block);
  }

  /** Says that it has. */
  seal(block: Block, position: SourcePosition | null): void {
    this.sealed.add(block);
    const phis = this.incomplete.get(block);
    this.incomplete.delete(block);
    for (const [variable, phi] of phis ?? []) {
      this.fillPhi({ variable, phi, block, position: phi.position ?? position });
    }
  }

  /** From here on `variable` has `value` in `block`. */
  define(variable: Variable, block: Block, value: Value): void {
    const own = this.definitions.get(block);
    if (own) own.set(variable, value);
    else this.definitions.set(block, new Map([[variable, value]]));
  }

  /**
   * What `variable` has at the end of `start` as it is now; a phi that this takes gets `position`.
   */
  readFrom(variable: Variable, start: Block, position: SourcePosition | null): Value {
    const passed: Block[] = [];
    let block = start;
    let value = this.definitions.get(block)?.get(variable);
    // Long chains of single predecessors are walked here rather than by recursion.
    while (!value && this.sealed.has(block) && block.predecessors.length === 1) {
      passed.push(block);
      block = block.predecessors[0]!;
      value = this.definitions.get(block)?.get(variable);
    }
    const found = value ? resolve(value) : this.readAtJoin(variable, block, position);
    for (const each of passed) this.define(variable, each, found);
    return found;
  }

  private readAtJoin(variable: Variable, block: Block, position: SourcePosition | null): Value {
    if (block.predecessors.length === 0) {
      this.onUnwritten(variable, position);
      return this.made.makeConstant(0, variable.width);
    }
    const phi = this.made.makeValue({ op: 'phi' }, [], variable.width, position);
    phi.block = block;
    block.values.unshift(phi);
    this.define(variable, block, phi);
    if (this.sealed.has(block)) return this.fillPhi({ variable, phi, block, position });
    const waiting = this.incomplete.get(block) ?? new Map<Variable, Value>();
    waiting.set(variable, phi);
    this.incomplete.set(block, waiting);
    return phi;
  }

  private fillPhi({ variable, phi, block, position }: Filling): Value {
    for (const predecessor of block.predecessors) {
      const operand = this.readFrom(variable, predecessor, position);
      phi.operands.push(operand);
      const users = this.phiUsers.get(operand) ?? new Set<Value>();
      this.phiUsers.set(operand, users.add(phi));
    }
    return this.removeIfTrivial(phi);
  }

  /** A phi of one value (and perhaps itself) is that value. */
  private removeIfTrivial(phi: Value): Value {
    let same: Value | null = null;
    for (const each of phi.operands) {
      const operand = resolve(each);
      if (operand === phi || (same && isSame(operand, same))) continue;
      if (same) return phi;
      same = operand;
    }
    if (!same) throw new Error('phi without a value: a loop that nothing enters');
    phi.replacement = same;
    const block = phi.block!;
    block.values.splice(block.values.indexOf(phi), 1);
    const users = this.phiUsers.get(phi) ?? [];
    this.phiUsers.delete(phi);
    for (const user of users) {
      if (user.replacement || user === phi) continue;
      const known = this.phiUsers.get(same) ?? new Set<Value>();
      this.phiUsers.set(same, known.add(user));
      if (user.operands.length === user.block!.predecessors.length) this.removeIfTrivial(user);
    }
    return resolve(same);
  }
}

/** The same value, or two constants of the same bits. */
function isSame(left: Value, right: Value): boolean {
  if (left === right) return true;
  const [a, b] = [left.operation, right.operation];
  return a.op === 'constant' && b.op === 'constant' && a.bits === b.bits;
}
