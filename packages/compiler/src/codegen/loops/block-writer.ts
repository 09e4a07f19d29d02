import type {
  Access,
  Block,
  IrFunction,
  Operation,
  SourcePosition,
  Value,
  Width,
} from '../../ir/ir.ts';

/** Appends values to one block of a function that is built already. */
export class BlockWriter {
  constructor(
    readonly made: IrFunction,
    readonly block: Block,
    private readonly position: SourcePosition | null,
  ) {}

  put(operation: Operation, operands: Value[], width: Width): Value {
    const value = this.made.makeValue(operation, operands, width, this.position);
    value.block = this.block;
    this.block.values.push(value);
    return value;
  }

  constant(bits: number, width: Width): Value {
    return this.made.makeConstant(bits, width);
  }

  call(name: string, operands: Value[]): Value {
    return this.put({ op: 'callKernelFunction', name, movesPacket: false }, operands, 64);
  }

  /** All 64 bits of a value, at `offset` of an object on the stack; a narrow one is extended. */
  save(base: Value, offset: number, value: Value): void {
    const wide = value.width === 64 ? value : this.put({ op: 'zeroExtend' }, [value], 64);
    this.put({ op: 'store', access: cellAt(offset) }, [base, wide], 64);
  }

  /** What `save` put there. */
  restore(base: Value, offset: number, width: Width): Value {
    const wide = this.put({ op: 'load', access: cellAt(offset) }, [base], 64);
    return width === 64 ? wide : this.put({ op: 'truncate' }, [wide], 32);
  }

  jump(to: Block): void {
    this.block.terminator = { kind: 'jump', to };
    to.predecessors.push(this.block);
  }

  return(bits: number): void {
    const value = this.constant(bits, 64);
    this.block.terminator = { kind: 'return', value, position: this.position };
  }
}

function cellAt(offset: number): Access {
  return { offset, size: 8, space: 'stack' };
}
