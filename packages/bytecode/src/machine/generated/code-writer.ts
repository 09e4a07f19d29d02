/**
 * Writes WebAssembly, instruction by instruction.
 *
 * @source https://webassembly.github.io/spec/core/binary/
 */

/** Opcodes, as the specification names them. */
export const Wasm = {
  unreachable: 0x00,
  end: 0x0b,
  else: 0x05,
  return: 0x0f,
  drop: 0x1a,
  select: 0x1b,
  i32Load: 0x28,
  i64Load: 0x29,
  i32Load8U: 0x2d,
  i64Load8S: 0x30,
  i64Load8U: 0x31,
  i64Load16S: 0x32,
  i64Load16U: 0x33,
  i64Load32S: 0x34,
  i64Load32U: 0x35,
  i32Store: 0x36,
  i64Store: 0x37,
  i64Store8: 0x3c,
  i64Store16: 0x3d,
  i64Store32: 0x3e,
  i32Eqz: 0x45,
  i32Eq: 0x46,
  i32Ne: 0x47,
  i32LtS: 0x48,
  i32LtU: 0x49,
  i32GtS: 0x4a,
  i32GtU: 0x4b,
  i32LeS: 0x4c,
  i32LeU: 0x4d,
  i32GeS: 0x4e,
  i32GeU: 0x4f,
  i64Eqz: 0x50,
  i64Eq: 0x51,
  i64Ne: 0x52,
  i64LtS: 0x53,
  i64LtU: 0x54,
  i64GtS: 0x55,
  i64GtU: 0x56,
  i64LeS: 0x57,
  i64LeU: 0x58,
  i64GeS: 0x59,
  i64GeU: 0x5a,
  i32Add: 0x6a,
  i32Sub: 0x6b,
  i32Mul: 0x6c,
  i32DivS: 0x6d,
  i32DivU: 0x6e,
  i32RemS: 0x6f,
  i32RemU: 0x70,
  i32And: 0x71,
  i32Or: 0x72,
  i32Xor: 0x73,
  i32Shl: 0x74,
  i32ShrS: 0x75,
  i32ShrU: 0x76,
  i32Rotl: 0x77,
  i32Rotr: 0x78,
  i64Add: 0x7c,
  i64Sub: 0x7d,
  i64Mul: 0x7e,
  i64DivS: 0x7f,
  i64DivU: 0x80,
  i64RemS: 0x81,
  i64RemU: 0x82,
  i64And: 0x83,
  i64Or: 0x84,
  i64Xor: 0x85,
  i64Shl: 0x86,
  i64ShrS: 0x87,
  i64ShrU: 0x88,
  i64Rotl: 0x89,
  i32WrapI64: 0xa7,
  i64ExtendI32S: 0xac,
  i64ExtendI32U: 0xad,
  i64TruncF64S: 0xb0,
  /** Of the first memory. */
  memoryFill: [0xfc, 11, 0],
  i32Extend8S: 0xc0,
  i32Extend16S: 0xc1,
  i64Extend8S: 0xc2,
  i64Extend16S: 0xc3,
  i64Extend32S: 0xc4,
} as const;

const NO_RESULT = 0x40;

/** Integers in LEB128: 7 bits a byte, the lowest first. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  do {
    const byte = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? byte : byte | 0x80);
  } while (rest !== 0);
  return bytes;
}

/** The body of one function. */
export class CodeWriter {
  private buffer = new Uint8Array(256);
  private length = 0;
  /** Blocks, loops and ifs that are open. */
  depth = 0;

  /** What was written. */
  get bytes(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }

  private byte(value: number): void {
    if (this.length === this.buffer.length) {
      const larger = new Uint8Array(this.length * 2);
      larger.set(this.buffer);
      this.buffer = larger;
    }
    this.buffer[this.length++] = value;
  }

  put(...opcodes: readonly number[]): void {
    for (const opcode of opcodes) this.byte(opcode);
  }

  private withIndex(opcode: number, index: number): void {
    this.byte(opcode);
    this.putUnsigned(index);
  }

  private putUnsigned(value: number): void {
    if (value < 0x80) this.byte(value);
    else for (const byte of unsigned(value)) this.byte(byte);
  }

  /** LEB128 with the sign in the last byte. */
  private putSigned(value: number): void {
    let rest = value;
    while (rest < -0x40 || rest >= 0x40) {
      this.byte((rest & 0x7f) | 0x80);
      rest >>= 7;
    }
    this.byte(rest & 0x7f);
  }

  get(local: number): void {
    this.withIndex(0x20, local);
  }

  set(local: number): void {
    this.withIndex(0x21, local);
  }

  tee(local: number): void {
    this.withIndex(0x22, local);
  }

  getGlobal(global: number): void {
    this.withIndex(0x23, global);
  }

  call(index: number): void {
    this.withIndex(0x10, index);
  }

  i32(value: number): void {
    this.byte(0x41);
    this.putSigned(value | 0);
  }

  /** A constant that fits 32 bits, sign-extended. */
  wide(value: number): void {
    this.byte(0x42);
    this.putSigned(value | 0);
  }

  /** Any constant of 64 bits. */
  i64(value: bigint): void {
    let rest = BigInt.asIntN(64, value);
    this.byte(0x42);
    while (rest < -0x40n || rest >= 0x40n) {
      this.byte(Number(rest & 0x7fn) | 0x80);
      rest >>= 7n;
    }
    this.byte(Number(rest & 0x7fn));
  }

  /** A load or store at the address on the stack plus `offset`; of any alignment. */
  access(opcode: number, offset: number): void {
    this.put(opcode, 0);
    this.putUnsigned(offset);
  }

  block(): void {
    this.open(0x02);
  }

  loop(): void {
    this.open(0x03);
  }

  if(): void {
    this.open(0x04);
  }

  private open(opcode: number): void {
    this.put(opcode, NO_RESULT);
    this.depth++;
  }

  end(): void {
    this.byte(Wasm.end);
    this.depth--;
  }

  /** To what was opened when `depth` was `target`: out of a block, back to the start of a loop. */
  branch(target: number): void {
    this.withIndex(0x0c, this.depth - target - 1);
  }

  branchIf(target: number): void {
    this.withIndex(0x0d, this.depth - target - 1);
  }

  /** By the number on the stack; the last target is for all numbers beyond. */
  branchTable(targets: readonly number[]): void {
    const labels = targets.map((target) => unsigned(this.depth - target - 1));
    this.put(0x0e, ...unsigned(targets.length - 1), ...labels.flat());
  }
}
