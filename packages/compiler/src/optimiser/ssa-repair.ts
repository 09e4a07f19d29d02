/**
 * Makes SSA form again after control flow has changed around a value: the value now has a second
 * definition on new edges, and each use gets whichever reaches it, through new phis where both do.
 */
import type { Block, IrFunction, Value } from '../ir/ir.ts';

/** Who uses a value: another value, or the end of a block. */
export type User = Value | Block;

/** Users of values, by id of the value. May name some that have ceased to use it. */
export type Users = (User[] | undefined)[];

/** The users of those values of a function that `isWanted`. */
export function findUsers(made: IrFunction, isWanted: (value: Value) => boolean): Users {
  const users: Users = new Array<User[] | undefined>(made.valueLimit).fill(undefined);
  const add = (value: Value, user: User): void => {
    if (isWanted(value)) addUser(users, value, user);
  };
  for (const block of made.blocks) {
    const { values, terminator: end } = block;
    for (let index = 0; index < values.length; index++) {
      const value = values[index]!;
      const { operands } = value;
      for (let at = 0; at < operands.length; at++) add(operands[at]!, value);
    }
    if (end?.kind === 'branch') {
      add(end.left, block);
      add(end.right, block);
    } else if (end?.kind === 'return') {
      add(end.value, block);
    }
  }
  return users;
}

/** Notes that `user` uses `value` from now on. */
export function addUser(users: Users, value: Value, user: User): void {
  const known = users[value.id];
  if (known) known.push(user);
  else users[value.id] = [user];
}

/**
 * `atEnd` gives the definitions: the value of `variable` at the end of a block. Uses within the
 * block that defines it stay as they are.
 */
export function repair(
  made: IrFunction,
  users: Users,
  variable: Value,
  atEnd: Map<Block, Value>,
): void {
  new Repair(made, users, variable, atEnd).run();
}

class Repair {
  private readonly atStart = new Map<Block, Value>();
  private readonly home: Block;

  constructor(
    private readonly made: IrFunction,
    private readonly users: Users,
    private readonly variable: Value,
    private readonly atEnd: Map<Block, Value>,
  ) {
    this.home = variable.block!;
  }

  run(): void {
    const known = this.users[this.variable.id] ?? [];
    this.users[this.variable.id] = [];
    for (const user of known) {
      if ('operands' in user) this.repairValue(user);
      else this.repairEnd(user);
    }
  }

  private repairValue(user: Value): void {
    const block = user.block!;
    user.operands = user.operands.map((operand, index) => {
      if (operand !== this.variable) return operand;
      let value = operand;
      if (user.operation.op === 'phi') value = this.findAtEnd(block.predecessors[index]!);
      else if (block !== this.home) value = this.findAtStart(block);
      addUser(this.users, value, user);
      return value;
    });
  }

  private repairEnd(block: Block): void {
    const end = block.terminator!;
    const replace = (value: Value): Value => {
      if (value !== this.variable) return value;
      const found = block === this.home ? value : this.findAtStart(block);
      addUser(this.users, found, block);
      return found;
    };
    if (end.kind === 'branch') {
      end.left = replace(end.left);
      end.right = replace(end.right);
    } else if (end.kind === 'return') {
      end.value = replace(end.value);
    }
  }

  private findAtEnd(block: Block): Value {
    return this.atEnd.get(block) ?? this.findAtStart(block);
  }

  /** Walks up to a definition, or to a block where several paths meet. */
  private findAtStart(start: Block): Value {
    const passed: Block[] = [];
    let block = start;
    let value = this.atStart.get(block);
    while (!value && block.predecessors.length === 1) {
      passed.push(block);
      block = block.predecessors[0]!;
      value = this.atEnd.get(block) ?? this.atStart.get(block);
    }
    value ??= this.makePhi(block);
    for (const each of passed) this.atStart.set(each, value);
    return value;
  }

  private makePhi(block: Block): Value {
    const { width, position } = this.variable;
    if (block.predecessors.length === 0) return this.made.makeConstant(0, width);
    const phi = this.made.makeValue({ op: 'phi' }, [], width, position);
    phi.block = block;
    this.atStart.set(block, phi);
    block.values.unshift(phi);
    phi.operands = block.predecessors.map((before) => this.findAtEnd(before));
    for (const operand of phi.operands) addUser(this.users, operand, phi);
    return phi;
  }
}
