/**
 * From classic instructions to the IR: registers and memory become variables, each target of a jump
 * a block. Since jumps lead forward only, what is known at an instruction is known when it is
 * reached: how many bytes there are, and how large a register can be.
 */
import { type Block, type FunctionBuilder, type Value, Variable } from '@skep/compiler';
import { arithmetic } from '../lowering/arithmetic.ts';
import type { Exits } from '../lowering/matcher.ts';
import type { PacketReader } from '../lowering/packet-reader.ts';
import { maximumOfOperation, NUMBER_MAX } from '../meaning/expression.ts';
import { readAncillary } from './ancillary.ts';
import { nextOf } from './check-classic.ts';
import { type ClassicInstruction, MEMORY_WORDS, type Source } from './instruction.ts';

/** The largest header length: 4 * 0xf. */
const HEADER_LENGTH_MAX = 60;

/** What holds on every way to an instruction. */
interface Known {
  /** Bytes from the packet's start that are there. */
  bytes: number;
  /** What registers and words never exceed. */
  maxima: Map<Variable, number>;
}

/** Emits the program from the current block on. */
export function lowerClassic(
  builder: FunctionBuilder,
  reader: PacketReader,
  program: readonly ClassicInstruction[],
  exits: Exits,
): void {
  new ClassicLowering(builder, reader, program, exits).lower();
}

class ClassicLowering {
  private readonly registers = { A: new Variable('A', 32), X: new Variable('X', 32) };
  private readonly memory = Array.from({ length: MEMORY_WORDS }, (_, word) => {
    return new Variable(`M[${word}]`, 32);
  });
  private readonly blocks = new Map<number, Block>();
  private readonly known: (Known | undefined)[] = [];
  private readonly needed: readonly number[];
  private bytes = 0;
  private maxima = new Map<Variable, number>();

  constructor(
    private readonly builder: FunctionBuilder,
    private readonly reader: PacketReader,
    private readonly program: readonly ClassicInstruction[],
    private readonly exits: Exits,
  ) {
    this.needed = bytesNeeded(program);
    for (const instruction of program) {
      if (instruction.kind !== 'jump' && instruction.kind !== 'branch') continue;
      for (const target of nextOf(instruction, 0)) {
        if (!this.blocks.has(target)) this.blocks.set(target, builder.makeBlock());
      }
    }
  }

  lower(): void {
    for (const register of Object.values(this.registers)) this.write(register, this.constant(0), 0);
    this.known[0] = { bytes: 0, maxima: this.maxima };
    this.program.forEach((instruction, at) => {
      const block = this.blocks.get(at);
      if (block) {
        this.builder.jump(block);
        this.builder.sealAndStart(block);
      }
      const known = this.known[at];
      // No way leads here.
      if (!known) return;
      this.bytes = known.bytes;
      this.maxima = new Map(known.maxima);
      this.lowerInstruction(instruction, this.needed[at]!);
      for (const next of nextOf(instruction, at)) this.arrive(next);
    });
  }

  private arrive(at: number): void {
    const others = this.known[at];
    if (!others) {
      this.known[at] = { bytes: this.bytes, maxima: this.maxima };
      return;
    }
    const maxima = new Map<Variable, number>();
    for (const [variable, maximum] of others.maxima) {
      const own = this.maxima.get(variable);
      if (own !== undefined) maxima.set(variable, Math.max(own, maximum));
    }
    this.known[at] = { bytes: Math.min(others.bytes, this.bytes), maxima };
  }

  // tidy: long: one case for each instruction
  private lowerInstruction(instruction: ClassicInstruction, needed: number): void {
    const { builder, registers } = this;
    const readsPacket = instruction.kind === 'load' || instruction.kind === 'headerLength';
    if (readsPacket && needed > this.bytes && this.reader.demand(needed, this.exits.miss)) {
      this.bytes = needed;
    }
    switch (instruction.kind) {
      case 'load':
        return this.load(instruction);
      case 'headerLength': {
        const read = { size: 1, offset: instruction.offset, known: this.bytes } as const;
        const byte = this.reader.read(read, this.exits.miss);
        this.bytes = Math.max(this.bytes, instruction.offset + 1);
        const words = builder.binary('and', byte, this.constant(0xf));
        const length = builder.binary('shl', words, this.constant(2));
        return this.write(registers.X, length, HEADER_LENGTH_MAX);
      }
      case 'ancillary': {
        const value = readAncillary(builder, this.reader.context!, instruction.distance);
        return this.write(registers.A, value, NUMBER_MAX);
      }
      case 'set':
        return this.write(registers[instruction.register], ...this.sideOf(instruction.value));
      case 'length':
        return this.write(registers[instruction.register], this.reader.length, NUMBER_MAX);
      case 'recall':
        return this.move(this.memory[instruction.word]!, registers[instruction.register]);
      case 'store':
        return this.move(registers[instruction.register], this.memory[instruction.word]!);
      case 'copy':
        return instruction.to === 'X'
          ? this.move(registers.A, registers.X)
          : this.move(registers.X, registers.A);
      case 'negate':
        return this.write(registers.A, builder.negate(builder.read(registers.A)), NUMBER_MAX);
      case 'arithmetic':
        return this.compute(instruction);
      case 'jump':
        return builder.jump(this.blocks.get(instruction.to)!);
      case 'branch':
        return this.branch(instruction);
      case 'return':
        return this.return(instruction.value);
    }
  }

  private load({ size, offset, isIndexed }: Extract<ClassicInstruction, { kind: 'load' }>): void {
    const { X, A } = this.registers;
    const index = isIndexed
      ? { index: { value: this.builder.read(X), maximum: this.maxima.get(X)! } }
      : {};
    const value = this.reader.read({ size, offset, known: this.bytes, ...index }, this.exits.miss);
    if (!isIndexed) this.bytes = Math.max(this.bytes, offset + size);
    this.write(A, value, 2 ** (8 * size) - 1);
  }

  private compute({ operator, source }: Extract<ClassicInstruction, { kind: 'arithmetic' }>): void {
    const { A } = this.registers;
    const [right, rightMaximum] = this.sideOf(source);
    const left = this.builder.read(A);
    const { miss } = this.exits;
    const value = arithmetic(this.builder, operator, left, right, rightMaximum, miss);
    const known = source === 'X' ? null : source;
    const maximum = maximumOfOperation(operator, this.maxima.get(A)!, rightMaximum, known);
    this.write(A, value, maximum);
  }

  private branch(instruction: Extract<ClassicInstruction, { kind: 'branch' }>): void {
    const { builder } = this;
    const { relation, source, ifTrue, ifFalse } = instruction;
    const [yes, no] = [this.blocks.get(ifTrue)!, this.blocks.get(ifFalse)!];
    const left = builder.read(this.registers.A);
    const [right] = this.sideOf(source);
    if (relation !== 'set') return builder.branch(relation, left, right, yes, no);
    builder.branch('ne', builder.binary('and', left, right), this.constant(0), yes, no);
  }

  private return(value: number | 'A'): void {
    const { builder, exits } = this;
    if (value !== 'A') return builder.jump(value === 0 ? exits.miss : exits.match);
    const taken = builder.read(this.registers.A);
    builder.branch('ne', taken, this.constant(0), exits.match, exits.miss);
  }

  /** The value of the second side, and what it never exceeds. */
  private sideOf(source: Source): [Value, number] {
    if (source !== 'X') return [this.constant(source), source];
    const { X } = this.registers;
    return [this.builder.read(X), this.maxima.get(X)!];
  }

  private move(from: Variable, to: Variable): void {
    this.write(to, this.builder.read(from), this.maxima.get(from)!);
  }

  private write(variable: Variable, value: Value, maximum: number): void {
    this.builder.write(variable, value);
    this.maxima.set(variable, maximum);
  }

  private constant(bits: number): Value {
    return this.builder.constant(bits, 32);
  }
}

/**
 * For each instruction: bytes without which no way from there takes the packet. A packet that is
 * shorter is refused there, whether by a read that fails or by a `ret #0`.
 */
function bytesNeeded(program: readonly ClassicInstruction[]): number[] {
  const needed: number[] = [];
  for (let at = program.length - 1; at >= 0; at--) {
    const instruction = program[at]!;
    const behind = nextOf(instruction, at).map((next) => needed[next]!);
    if (instruction.kind === 'return') behind.push(instruction.value === 0 ? Infinity : 0);
    needed[at] = Math.max(bytesRead(instruction), Math.min(...behind));
  }
  return needed;
}

function bytesRead(instruction: ClassicInstruction): number {
  if (instruction.kind === 'headerLength') return instruction.offset + 1;
  if (instruction.kind !== 'load' || instruction.isIndexed) return 0;
  return instruction.offset + instruction.size;
}
