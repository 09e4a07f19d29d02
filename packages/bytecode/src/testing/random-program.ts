/** Random instructions: programs that no verifier would accept, but that engines must agree on. */
import * as asm from '../asm/build.ts';
import { type Instruction, type Register, r0, r1, r10, registers } from '../asm/instruction.ts';
import {
  arithmeticTable,
  type ArithmeticOperator,
  type Comparison,
  comparisonTable,
} from '../asm/opcodes.ts';

const MAIN_LENGTH = 24;
const SUBPROGRAM_LENGTH = 8;
const operators = Object.keys(arithmeticTable) as ArithmeticOperator[];
const comparisons = Object.keys(comparisonTable) as Comparison[];
const numbers = [0, 1, 2, 7, 8, 31, 63, 255, -1, -2, 0x7fffffff, -0x80000000];

/** Random choices that a seed repeats. @source Marsaglia's xorshift of 32 bits */
export class Chance {
  private state: number;

  constructor(seed: number) {
    this.state = Math.imul(seed, 0x9e3779b1) | 1;
  }

  below(count: number): number {
    this.state ^= this.state << 13;
    this.state ^= this.state >>> 17;
    this.state ^= this.state << 5;
    return (this.state >>> 0) % count;
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)]!;
  }
}

/**
 * A TC program that loads map 0 (a table) or 1 (a program array), calls helpers and one subprogram,
 * and jumps anywhere. r6 holds the context and r7 the packet, until it forgets them.
 */
export function randomProgram(seed: number): Instruction[] {
  const chance = new Chance(seed);
  const start = [
    asm.mov64(registers[6]!, r1),
    asm.load(4, registers[7]!, r1, 76),
    ...[0, 2, 3, 4, 5, 8, 9].map((number) => asm.mov64(registers[number]!, chance.of(numbers))),
    asm.store(8, r10, -8, 3),
    asm.store(8, r10, -16, -5),
  ];
  const main = body(chance, MAIN_LENGTH);
  const subprogram = body(chance, SUBPROGRAM_LENGTH);
  const toSubprogram = asm.callSubprogram(main.length - MAIN_LENGTH / 2 + 1);
  const middle = MAIN_LENGTH / 2;
  const all = [...main.slice(0, middle - 1), toSubprogram, ...main.slice(middle)];
  return [...start, ...all, asm.exit(), ...subprogram, asm.mov64(r0, 1), asm.exit()];
}

/** One slot each, so that nothing jumps into an instruction. */
function body(chance: Chance, length: number): Instruction[] {
  return Array.from({ length }, (_, at) => one(chance, length - at));
}

function one(chance: Chance, ahead: number): Instruction {
  // Mostly not the registers that accesses need.
  const d =
    registers[chance.below(40) === 0 ? chance.of([6, 7]) : chance.of([0, 2, 3, 4, 5, 8, 9])]!;
  const s = registers[chance.below(11)]!;
  switch (chance.below(12)) {
    case 0:
    case 1:
    case 2:
    case 3:
      return arithmetic(chance, d, s);
    case 4:
      return chance.below(2)
        ? chance.of([asm.toBigEndian, asm.reverseBytes])(chance.of([16, 32, 64]), d)
        : asm.signExtend(chance.of([32, 64]), chance.of([8, 16]), d, s);
    case 5:
    case 6:
      return access(chance, (size, base, offset) => asm.load(size, d, base, offset));
    case 7:
      return access(chance, (size, base, offset) => asm.store(size, base, offset, d));
    case 8:
      return asm.atomic(chance.of(['add', 'or', 'and', 'xor']), chance.of([4, 8]), r10, -8, d);
    case 9:
      return asm.callHelper(chance.below(20) === 0 ? chance.of([39, 26, 1]) : chance.of([5, 7, 8]));
    default: {
      const back = chance.below(4) === 0 ? -3 : 0;
      const by = Math.min(back || chance.below(5), ahead - 1);
      const right = chance.below(2) ? s : chance.of(numbers);
      return asm.branch(chance.of(comparisons), chance.of([32, 64]), d, right, by);
    }
  }
}

type Made = (size: 1 | 2 | 4 | 8, base: Register, offset: number) => Instruction;

/** Of stack, context or packet; one in twenty anywhere. */
function access(chance: Chance, make: Made): Instruction {
  const size = chance.of([1, 2, 4, 8] as const);
  if (chance.below(20) === 0) {
    const offsets = [-12, 4, 60, 61, -520, 192];
    return make(size, registers[chance.below(11)]!, chance.of(offsets));
  }
  const kind = chance.below(3);
  if (kind === 0) return make(size, r10, chance.of([-8, -16]));
  if (kind === 1) return make(size, registers[7]!, chance.of([0, 3, 8, 40]));
  return make(4, registers[6]!, chance.of([8, 8, 48, 60]));
}

function arithmetic(chance: Chance, d: Register, s: Register): Instruction {
  const operator = chance.of(operators);
  const width = chance.of([32, 64] as const);
  const isRegister = /div|mod|sh|sar/.test(operator) || chance.below(2) === 0;
  const source = isRegister ? s : chance.of(numbers);
  return { kind: 'arithmetic', operator, width, destination: d, source };
}
