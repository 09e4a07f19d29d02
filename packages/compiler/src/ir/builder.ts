/**
 * Makes one function of the IR: blocks, operations, and variables that are turned into SSA values
 * on the fly (Braun et al., Simple and Efficient Construction of Static Single Assignment Form).
 *
 * A block goes through three states: made, started (operations go into it), sealed (all its
 * predecessors are known). Seal a block as soon as its last predecessor has been ended; only the
 * head of a loop is sealed later than it is started. A block that nothing jumps to, and whatever
 * follows a `jump`, `branch` or `return`, is unreachable: operations emitted there vanish.
 */
import type { MapShape } from '@skep/bytecode';
import type {
  Access,
  BinaryOperator,
  Block,
  Comparison,
  FetchOperator,
  KernelFieldName,
  Operation,
  SourcePosition,
  Value,
  Width,
} from './ir.ts';
import { IrFunction, resolve } from './ir.ts';
import { type Variable, VariableTable } from './variables.ts';

/**
 * What the builder must know of a helper: the kernel's number, its name, whether it moves the
 * packet.
 */
export interface HelperReference {
  readonly id: number;
  readonly name: string;
  readonly movesPacket: boolean;
}

/** Builds one function, from its entry block to `finish`. */
export class FunctionBuilder {
  readonly function: IrFunction;
  /** Put on each value and terminator that is made from now on. */
  position: SourcePosition | null;
  /** The block that operations go into; `null` where the code cannot be reached. */
  private current: Block | null;
  private loopDepth = 0;
  private readonly variables: VariableTable;
  private readonly mapValues = new Map<MapShape, Value>();
  /** @throws Error unless it is set: whoever sets it reports what was read too early. */
  onUnwritten = (variable: Variable, _position: SourcePosition | null): void => {
    throw new Error(`read ${variable.name}: not written on every path`);
  };

  /** Starts the entry block. */
  constructor(name: string, position: SourcePosition | null = null) {
    this.function = new IrFunction(name, position);
    this.position = position;
    this.variables = new VariableTable(this.function, (...read) => this.onUnwritten(...read));
    this.current = this.makeBlock();
    this.variables.seal(this.current, position);
  }

  // ---- blocks ---------------------------------------------------------------------------------

  get isReachable(): boolean {
    return this.current !== null;
  }

  /** The block that operations go into now; `null` where the code cannot be reached. */
  get block(): Block | null {
    return this.current;
  }

  get isInLoop(): boolean {
    return this.loopDepth > 0;
  }

  makeBlock(): Block {
    const block = this.function.makeBlock();
    block.loopDepth = this.loopDepth;
    return block;
  }

  /**
   * Operations go into `block` from now on. All or, for the head of a loop, one of its
   * predecessors must be there.
   */
  start(block: Block): void {
    this.current = block.predecessors.length > 0 ? block : null;
  }

  /** Leaves the current block open; operations vanish until another block is started or resumed. */
  suspend(): Block | null {
    const open = this.current;
    this.current = null;
    return open;
  }

  /** Goes on in a block that `suspend` returned. */
  resume(block: Block | null): void {
    this.current = block;
  }

  /** Says that `block` has all its predecessors. */
  seal(block: Block): void {
    this.variables.seal(block, this.position);
  }

  sealAndStart(block: Block): void {
    this.seal(block);
    this.start(block);
  }

  /** Blocks made by `body` are one loop deeper. */
  inLoop<T>(body: () => T): T {
    this.loopDepth++;
    try {
      return body();
    } finally {
      this.loopDepth--;
    }
  }

  jump(to: Block): void {
    if (!this.current) return;
    this.current.terminator = { kind: 'jump', to };
    to.predecessors.push(this.current);
    this.current = null;
  }

  /** Compares two values of one width; unsigned but for `slt sle sgt sge`. */
  branch(comparison: Comparison, left: Value, right: Value, ifTrue: Block, ifFalse: Block): void {
    if (!this.current) return;
    if (ifTrue === ifFalse) {
      this.jump(ifTrue);
      return;
    }
    if (left.width !== right.width) {
      throw new Error(`branch ${comparison}: widths ${left.width} and ${right.width} differ`);
    }
    this.current.terminator = {
      kind: 'branch',
      comparison,
      left,
      right,
      width: left.width,
      ifTrue,
      ifFalse,
      position: this.position,
    };
    ifTrue.predecessors.push(this.current);
    ifFalse.predecessors.push(this.current);
    this.current = null;
  }

  return(value: Value): void {
    if (!this.current) return;
    this.current.terminator = { kind: 'return', value, position: this.position };
    this.current = null;
  }

  /** `if (left comparison right) then() else otherwise()`; goes on where both meet. */
  choose(
    comparison: Comparison,
    left: Value,
    right: Value,
    then: () => void,
    otherwise: () => void = () => {},
  ): void {
    const [ifTrue, ifFalse, join] = [this.makeBlock(), this.makeBlock(), this.makeBlock()];
    this.branch(comparison, left, right, ifTrue, ifFalse);
    this.sealAndStart(ifTrue);
    then();
    this.jump(join);
    this.sealAndStart(ifFalse);
    otherwise();
    this.jump(join);
    this.sealAndStart(join);
  }

  // ---- variables ------------------------------------------------------------------------------

  write(variable: Variable, value: Value): void {
    if (value.width !== variable.width) {
      throw new Error(`write ${variable.name}: width ${value.width}, expected ${variable.width}`);
    }
    if (this.current) this.variables.define(variable, this.current, value);
  }

  /** Where some path to here has not written the variable, `onUnwritten` is told. */
  read(variable: Variable, position = this.position): Value {
    if (!this.current) return this.constant(0, variable.width);
    return this.variables.readFrom(variable, this.current, position);
  }

  // ---- operations -----------------------------------------------------------------------------

  constant(bits: bigint | number, width: Width): Value {
    return this.function.makeConstant(bits, width);
  }

  /** The address of a map. */
  map(shape: MapShape): Value {
    return this.function.makeValue({ op: 'map', map: shape }, [], 64);
  }

  /** The address of the one value of an array map. */
  mapValue(shape: MapShape): Value {
    const known = this.mapValues.get(shape);
    if (known) return known;
    const made = this.function.makeValue({ op: 'mapValue', map: shape }, [], 64);
    this.mapValues.set(shape, made);
    return made;
  }

  /** The address of a new object of `size` bytes on the stack; its bytes are undefined. */
  slot(name: string, size: number): Value {
    return this.function.makeValue({ op: 'slot', slot: { name, size } }, [], 64);
  }

  /** A constant that is bound when the program is loaded. */
  loadTime(name: string, width: Width): Value {
    return this.function.makeValue({ op: 'loadTime', name }, [], width);
  }

  /** The address of a subprogram, for helpers that call it. */
  functionAddress(name: string): Value {
    return this.function.makeValue({ op: 'function', name }, [], 64);
  }

  /** The offset of a field of one of the kernel's structs. */
  kernelField(name: KernelFieldName): Value {
    return this.function.makeValue({ op: 'kernelField', ...name }, [], 64);
  }

  /** The program's argument: make it once, in the entry block. */
  context(): Value {
    return this.emit({ op: 'context' }, [], 64);
  }

  /** Argument `index` of a subprogram: make it once, in the entry block. */
  parameter(index: number): Value {
    return this.emit({ op: 'parameter', index }, [], 64);
  }

  /** Unsigned but for `sar`; x / 0 = 0, x % 0 = x; shifts take the amount modulo the width. */
  binary(op: BinaryOperator, left: Value, right: Value): Value {
    if (left.width !== right.width) {
      throw new Error(`${op}: widths ${left.width} and ${right.width} differ`);
    }
    return this.emit({ op }, [left, right], left.width);
  }

  /** A pointer of the context to its packet; the kernel widens those that have 4 bytes. */
  packetBound(context: Value, offset: number, size: 4 | 8): Value {
    return this.load(context, { offset, size, space: 'packetBounds' }, 64);
  }

  /**
   * Start of the packet + `offset`: compared with the packet's end and then used, never made
   * again.
   */
  packetPointer(start: Value, offset: Value): Value {
    return this.emit({ op: 'add', isPacketPointer: true }, [start, offset], 64);
  }

  /** `base` + `bytes`, both known to be inside one object. */
  offset(base: Value, bytes: number): Value {
    return bytes === 0 ? base : this.binary('add', base, this.constant(bytes, 64));
  }

  negate(value: Value): Value {
    return this.emit({ op: 'neg' }, [value], value.width);
  }

  /** Swaps the low `bits`; the rest of the result is zero. */
  /** @param isWhole whether the bits above are zero before it, as they are behind it */
  byteSwap(value: Value, bits: 16 | 32 | 64, isWhole = false): Value {
    const operation = { op: 'byteSwap', bits, ...(isWhole ? { isWhole } : {}) } as const;
    return this.emit(operation, [value], value.width);
  }

  /** To another width: truncates, or extends by the sign where `isSigned`. */
  resize(value: Value, width: Width, isSigned = false): Value {
    if (value.width === width) return value;
    if (value.operation.op === 'constant') {
      const { bits } = value.operation;
      return this.constant(isSigned ? BigInt.asIntN(value.width, bits) : bits, width);
    }
    if (width === 32) return this.emit({ op: 'truncate' }, [value], 32);
    return this.emit({ op: isSigned ? 'signExtend' : 'zeroExtend' }, [value], 64);
  }

  /** Zero-extended. 32 bits wide, or 64 for 8 bytes and where `width` says so. */
  load(base: Value, access: Access, width: Width = access.size === 8 ? 64 : 32): Value {
    return this.emit({ op: 'load', access }, [base], width);
  }

  store(base: Value, access: Access, value: Value): void {
    this.emit({ op: 'store', access }, [base, value], access.size === 8 ? 64 : 32);
  }

  /** One locked add of 4 or 8 bytes. */
  atomicAdd(base: Value, access: Access, value: Value): void {
    this.emit({ op: 'atomicAdd', access }, [base, value], access.size === 8 ? 64 : 32);
  }

  /** One locked change of 4 or 8 bytes; what they held before. `values` as wide as they. */
  atomicFetch(operator: FetchOperator, base: Value, access: Access, values: Value[]): Value {
    const width = access.size === 8 ? 64 : 32;
    return this.emit({ op: 'atomicFetch', access, operator }, [base, ...values], width);
  }

  /** Arguments and result are 64 bits wide. */
  call(helper: HelperReference, operands: Value[]): Value {
    const { id, name, movesPacket } = helper;
    return this.emit({ op: 'call', helper: id, name, movesPacket }, operands, 64);
  }

  /** Arguments and result are 64 bits wide. */
  callSubprogram(name: string, operands: Value[], movesPacket: boolean): Value {
    return this.emit({ op: 'callSubprogram', name, movesPacket }, operands, 64);
  }

  /** Arguments and result are 64 bits wide. */
  callKernelFunction(name: string, operands: Value[], resultBytes?: number): Value {
    const result = resultBytes === undefined ? {} : { resultBytes };
    const operation = { op: 'callKernelFunction', name, movesPacket: false, ...result } as const;
    return this.emit(operation, operands, 64);
  }

  /** Which turn of the loop this is; in the loop's head, and followed by a branch on it. */
  turn(limit: number): Value {
    return this.emit({ op: 'turn', limit }, [], 32);
  }

  private emit(operation: Operation, operands: Value[], width: Width): Value {
    const value = this.function.makeValue(operation, operands, width, this.position);
    if (this.current) {
      value.block = this.current;
      this.current.values.push(value);
    }
    return value;
  }

  // ---- the end --------------------------------------------------------------------------------

  /**
   * The function: reachable blocks only, every operand resolved.
   * @throws Error when a reachable block was not ended or not sealed.
   */
  finish(): IrFunction {
    const made = this.function;
    made.blocks = made.blocks.filter(
      (block, index) => index === 0 || block.predecessors.length > 0,
    );
    for (const block of made.blocks) {
      if (!block.terminator) throw new Error(`${made.name}: block ${block.id} has no end`);
      if (!this.variables.isSealed(block)) {
        throw new Error(`${made.name}: block ${block.id} is not sealed`);
      }
      for (const value of block.values) value.operands = value.operands.map(resolve);
      const end = block.terminator;
      if (end.kind === 'branch') {
        end.left = resolve(end.left);
        end.right = resolve(end.right);
      } else if (end.kind === 'return') {
        block.terminator = { ...end, value: resolve(end.value) };
      }
    }
    return made;
  }
}
