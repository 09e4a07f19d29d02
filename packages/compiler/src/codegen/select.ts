/**
 * Instruction selection: one IR function becomes machine code on virtual registers.
 *
 * Constants, map addresses and slot addresses are made again at each use. A zero extension costs
 * nothing (32-bit results have a zero upper half) and shares its operand's register, as does a
 * truncation whose users look at the low half only. Phis become copies at the end of predecessors,
 * on a block of their own where the predecessor branches.
 */
import { CompileError } from '../ir/compile-error.ts';
import { isCommutative } from '../ir/arithmetic.ts';
import { mirrored } from '../ir/comparison.ts';
import type {
  Access,
  BinaryOperator,
  Block,
  Branch,
  CallOperation,
  IrFunction,
  Operation,
  Terminator,
  Value,
} from '../ir/ir.ts';
import { isFloating } from '../ir/ir.ts';
import { asBitTest, findBitTests, type Test } from './bit-tests.ts';
import { type FieldAddress, findFieldAddresses } from './field-addresses.ts';
import { immediateOf, isLowMask, shiftAmountOf, storeImmediateOf } from './immediates.ts';
import { orderBlocks } from './layout.ts';
import { guardOf } from './loops/guard.ts';
import type { MachineFunction } from './machine.ts';
import { FRAME_POINTER, MachineBlock, type MachineInstruction } from './machine.ts';
import { sequentialise } from './parallel-copy.ts';
import { RegisterCode } from './register-code.ts';

/**
 * @param isProgram what the kernel calls itself, not a subprogram
 * @throws CompileError for a load-time constant that is not bound.
 */
export function selectInstructions(made: IrFunction, isProgram: boolean): MachineFunction {
  return new Selector(made, isProgram).select();
}

class Selector extends RegisterCode {
  private readonly fields: ReadonlyMap<Value, FieldAddress>;
  private readonly bitTests: ReadonlySet<Value>;
  private readonly blocks = new Map<Block, MachineBlock>();
  private readonly layout: MachineBlock[] = [];
  private readonly offsets = new Set<number>();

  constructor(made: IrFunction, isProgram: boolean) {
    super(made, isProgram);
    this.fields = findFieldAddresses(made);
    this.bitTests = findBitTests(made, this.uses);
  }

  select(): MachineFunction {
    const order = orderBlocks(this.made);
    for (const block of order) this.blocks.set(block, new MachineBlock(0, block.loopDepth));
    for (const block of order) {
      this.out = this.blocks.get(block)!;
      this.layout.push(this.out);
      for (const value of block.values) this.selectValue(value);
      this.selectEnd(block, block.terminator!);
    }
    this.layout.forEach((block, index) => {
      block.index = index;
      for (const next of block.successors) next.predecessors.push(block);
    });
    const { name, position, global } = this.made;
    const { layout: blocks, registerCount, offsets } = this;
    return { name, position, global, blocks, registerCount, offsets };
  }

  // ---- operations -----------------------------------------------------------------------------

  private selectValue(value: Value): void {
    const { operation } = value;
    // A turn that is left here is the condition of a `mayGoto`, which the block ends with.
    if (operation.op === 'phi' || operation.op === 'turn') return;
    if (this.fields.has(value) || this.bitTests.has(value)) return;
    this.position = value.position ?? this.position;
    switch (operation.op) {
      case 'context':
        this.put('move', this.registerOf(value), 1);
        return;
      case 'parameter':
        this.put('move', this.registerOf(value), operation.index + 1);
        return;
      case 'load':
      case 'store':
      case 'atomicAdd':
        this.selectMemory(value, operation);
        return;
      case 'atomicFetch':
        this.selectFetch(value, operation);
        return;
      case 'hidden':
        this.selectHidden(value);
        return;
      case 'call':
      case 'callSubprogram':
      case 'callKernelFunction':
        this.selectCall(value, operation);
        return;
      case 'zeroExtend':
      case 'truncate':
      case 'signExtend':
        this.selectResize(value, operation.op);
        return;
      case 'byteSwap':
        this.moveInto(this.registerOf(value), value.operands[0]!);
        this.put('byteSwap', this.registerOf(value)).immediate = operation.bits;
        return;
      case 'neg':
        this.moveInto(this.registerOf(value), value.operands[0]!);
        this.put('negate', this.registerOf(value)).width = value.width;
        return;
      case 'constant':
      case 'map':
      case 'mapValue':
      case 'slot':
      case 'loadTime':
      case 'function':
      case 'kernelField':
        throw new Error(`${operation.op} placed in a block`);
      default:
        this.selectBinary(value, operation.op);
    }
  }

  private selectMemory(
    value: Value,
    operation: Extract<Operation, { op: 'load' | 'store' | 'atomicAdd' }>,
  ): void {
    const [base, stored] = value.operands as [Value, Value | undefined];
    const { size } = operation.access;
    const field = this.fields.get(base);
    const register = this.baseRegister(field?.struct ?? base);
    let instruction: MachineInstruction;
    if (operation.op === 'load') {
      instruction = this.put('load', this.registerOf(value), register);
      instruction.kernelField = field?.field ?? null;
    } else {
      // Into the context only registers are written: constants are refused before Linux 6.4.
      const takesImmediate = operation.op === 'store' && operation.access.space !== 'context';
      const immediate = takesImmediate ? storeImmediateOf(stored!, size) : null;
      if (immediate === null) {
        const source = this.inRegister(stored!);
        instruction = this.put(operation.op, register, source);
      } else {
        instruction = this.put('storeImmediate', register);
        instruction.immediate = immediate;
      }
    }
    this.address(instruction, base, operation.access);
  }

  /** The result takes the place of the value that is put there, or of the expected one. */
  private selectFetch(
    value: Value,
    { access, operator }: Extract<Operation, { op: 'atomicFetch' }>,
  ): void {
    const [base, given, replacement] = value.operands as [Value, Value, Value | undefined];
    const register = this.baseRegister(base);
    const result = this.registerOf(value);
    if (operator === 'compareExchange') {
      const source = this.inRegister(replacement!);
      this.moveInto(0, given);
      this.address(this.put('compareExchange', register, source), base, access);
      this.put('move', result, 0);
      return;
    }
    this.moveInto(result, given);
    const instruction = this.put('atomicFetch', result, register);
    instruction.fetchOperator = operator;
    this.address(instruction, base, access);
  }

  private baseRegister(base: Value): number {
    return base.operation.op === 'slot' ? FRAME_POINTER : this.inRegister(base);
  }

  private address(instruction: MachineInstruction, base: Value, { size, offset }: Access): void {
    const { operation } = base;
    instruction.frame = operation.op === 'slot' ? this.frames.objectOf(operation.slot) : null;
    instruction.touches = this.touched(base);
    instruction.size = size;
    instruction.offset = offset;
  }

  /**
   * Of bytes that were written in pieces the verifier remembers that they were, not what they are.
   *
   * @source check_stack_read_fixed_off, kernel/bpf/verifier.c
   */
  private selectHidden(value: Value): void {
    const { operation } = value.operands[0]!;
    if (operation.op !== 'slot') throw new Error('hidden: not on the stack');
    const frame = this.frames.objectOf(operation.slot);
    const low = this.put('storeImmediate', FRAME_POINTER);
    const high = this.put('storeImmediate', FRAME_POINTER);
    const whole = this.put('load', this.registerOf(value), FRAME_POINTER);
    for (const half of [low, high]) Object.assign(half, { immediate: -1, size: 4 });
    high.offset = 4;
    for (const each of [low, high, whole]) Object.assign(each, { frame, touches: [frame] });
  }

  private selectCall(value: Value, operation: CallOperation): void {
    const { operands } = value;
    if (operands.length > 5) {
      throw new CompileError(
        `call ${operation.name}: ${operands.length} arguments, at most 5 fit the registers`,
        value.position,
      );
    }
    // Values in registers first: a wide constant then never waits in an argument register.
    operands.forEach((operand, index) => {
      if (!isFloating(operand)) this.moveInto(index + 1, operand);
    });
    operands.forEach((operand, index) => {
      if (isFloating(operand)) this.moveInto(index + 1, operand);
    });
    const call = this.put('call');
    call.argumentCount = operands.length;
    call.touches = this.touched(...operands);
    if (operation.op === 'call') call.immediate = operation.helper;
    else if (operation.op === 'callSubprogram') call.subprogram = operation.name;
    else {
      call.kernelFunction = operation.name;
      call.resultBytes = operation.resultBytes;
    }
    if (this.uses.count(value) > 0) this.put('move', this.registerOf(value), 0);
  }

  private selectResize(value: Value, op: 'zeroExtend' | 'truncate' | 'signExtend'): void {
    const operand = value.operands[0]!;
    const register = this.registerOf(value);
    if (op === 'signExtend') {
      this.moveInto(register, operand);
      for (const operator of ['shl', 'sar'] as const) {
        const shift = this.put('aluImmediate', register);
        shift.operator = operator;
        shift.immediate = 32;
      }
    } else if (isFloating(operand)) {
      this.moveInto(register, operand);
      if (op === 'truncate') this.put('move32', register, register);
    } else if (op === 'truncate' && register !== this.registerOf(operand)) {
      this.put('move32', register, this.registerOf(operand));
    }
  }

  private selectBinary(value: Value, op: BinaryOperator): void {
    let [left, right] = value.operands as [Value, Value];
    if (isCommutative(op) && this.isBetterSwapped(left, right)) {
      [left, right] = [right, left];
    }
    const register = this.registerOf(value);
    this.noteOffset(value);
    const immediate = immediateOf(right);
    if (op === 'and' && isLowMask(right) && !isFloating(left)) {
      this.put('move32', register, this.registerOf(left));
      return;
    }
    if (immediate === 0 && op === 'div') {
      this.moveConstant(register, value, 0n);
      return;
    }
    this.moveInto(register, left);
    if (immediate === 0 && op === 'mod') {
      if (value.width === 32) this.put('move32', register, register);
      return;
    }
    const isShift = op === 'shl' || op === 'shr' || op === 'sar';
    const bounded = isShift ? shiftAmountOf(right) : immediate;
    const source = bounded === null ? this.inRegister(right) : -1;
    const instruction = this.put(bounded === null ? 'alu' : 'aluImmediate', register, source);
    instruction.operator = op;
    instruction.width = value.width;
    instruction.immediate = bounded ?? 0;
    instruction.touches = this.touched(value);
  }

  private noteOffset({ operation, operands }: Value): void {
    const isPacketPointer = 'isPacketPointer' in operation && operation.isPacketPointer;
    const offset = operands[1]!;
    if (isPacketPointer && !isFloating(offset)) this.offsets.add(this.registerOf(offset));
  }

  /** The result takes the left operand's register: best one that nobody needs afterwards. */
  private isBetterSwapped(left: Value, right: Value): boolean {
    if (isFloating(right)) return false;
    if (isFloating(left)) return true;
    return this.uses.count(left) > 1 && this.uses.count(right) === 1;
  }

  // ---- the end of a block ---------------------------------------------------------------------

  private selectEnd(block: Block, end: Terminator): void {
    if (end.kind === 'return') {
      this.position = end.position ?? this.position;
      this.moveInto(0, end.value);
      this.put('exit');
    } else if (end.kind === 'jump') {
      this.copyPhis(block, end.to);
      this.jump(this.blocks.get(end.to)!);
    } else {
      this.position = end.position ?? this.position;
      this.selectBranch(block, end);
    }
  }

  private jump(to: MachineBlock): void {
    this.put('jump').target = to;
    this.out.successors.push(to);
  }

  /** Goes to the side that is taken when the loop must be left. */
  private selectMayGoto(block: Block, end: Branch, isTrueSide: boolean): void {
    const [out, on] = isTrueSide ? [end.ifTrue, end.ifFalse] : [end.ifFalse, end.ifTrue];
    const branch = this.put('mayGoto');
    const from = this.out;
    branch.target = this.edge(block, out);
    this.out = from;
    const otherwise = this.edge(block, on);
    this.out = from;
    from.successors.push(branch.target);
    this.jump(otherwise);
  }

  private selectBranch(block: Block, end: Branch): void {
    const guard = guardOf(block);
    if (guard) return this.selectMayGoto(block, end, guard.leavesWhenTrue);
    this.selectTest(block, this.bitTests.has(end.left) ? asBitTest(end) : end);
  }

  private selectTest(block: Block, end: Test): void {
    const isSwapped = isFloating(end.left) && !isFloating(end.right);
    const [left, right] = isSwapped ? [end.right, end.left] : [end.left, end.right];
    const immediate = immediateOf(right);
    const register = this.inRegister(left);
    const other = immediate === null ? this.inRegister(right) : -1;
    const branch = this.put(immediate === null ? 'branch' : 'branchImmediate', register, other);
    const { comparison } = end;
    branch.comparison = isSwapped && comparison !== 'set' ? mirrored[comparison] : comparison;
    branch.width = end.width;
    branch.immediate = immediate ?? 0;
    const from = this.out;
    branch.target = this.edge(block, end.ifTrue);
    this.out = from;
    const otherwise = this.edge(block, end.ifFalse);
    this.out = from;
    from.successors.push(branch.target);
    this.jump(otherwise);
  }

  /** Where a branch of `from` goes to get to `to`: a block with the copies of its phis, if any. */
  private edge(from: Block, to: Block): MachineBlock {
    const target = this.blocks.get(to)!;
    if (to.values[0]?.operation.op !== 'phi') return target;
    this.out = new MachineBlock(0, Math.min(from.loopDepth, to.loopDepth));
    this.layout.push(this.out);
    const edge = this.out;
    this.copyPhis(from, to);
    this.jump(target);
    return edge;
  }

  private copyPhis(from: Block, to: Block): void {
    const index = to.predecessors.indexOf(from);
    const constants: { register: number; value: Value }[] = [];
    const copies: { destination: number; source: number; value: Value }[] = [];
    for (const phi of to.values) {
      if (phi.operation.op !== 'phi') break;
      const value = phi.operands[index]!;
      const register = this.registerOf(phi);
      if (isFloating(value)) constants.push({ register, value });
      else copies.push({ destination: register, source: this.registerOf(value), value });
    }
    for (const copy of sequentialise(copies, () => this.makeRegister())) {
      const instruction = this.put('move', copy.destination, copy.source);
      instruction.touches = copy.value ? this.touched(copy.value) : null;
    }
    for (const { register, value } of constants) this.moveInto(register, value);
  }
}
