/**
 * Cases of the instruction set: small programs, and what r0 holds when they end.
 *
 * A case runs wherever XDP programs run: `caseProgram` makes it write all 64 bits of r0 over the
 * first 8 bytes of the packet.
 */
import * as asm from '../asm/build.ts';
import { encode } from '../asm/encode.ts';
import { type Instruction, type Operand, r0, r1, r10, r2, r6, r7, r8 } from '../asm/instruction.ts';
import {
  type ArithmeticOperator,
  arithmeticTable,
  type AtomicOperator,
  type Comparison,
  comparisonTable,
} from '../asm/opcodes.ts';
import type { ProgramObject } from '../object.ts';
import {
  byteSwaps,
  maskedShifts,
  negations,
  rows32,
  rows64,
  signExtensions,
} from './arithmetic-rows.ts';
import { type JumpRow, jumps32, jumps64 } from './jump-rows.ts';
import { atomics, compareExchanges, LOADED, loads, stores } from './memory-rows.ts';

/** `instructions` use r0 to r5, and leave the result in r0; they do not exit. */
export interface IsaCase {
  readonly name: string;
  readonly instructions: readonly Instruction[];
  /** Unsigned, 64 bits. */
  readonly expected: bigint;
}

/** Bytes of packet that a case needs. */
export const CASE_PACKET_BYTES = 64;
const XDP = 6;
const XDP_PASS = 2;

/** The case as a program of type XDP that returns XDP_PASS; r0 is in the packet's first 8 bytes. */
export function caseProgram({ instructions }: IsaCase): ProgramObject {
  const code = encode([
    asm.load(4, r6, r1, 0),
    asm.load(4, r7, r1, 4),
    asm.mov64(r8, r6),
    asm.add64(r8, CASE_PACKET_BYTES),
    asm.branch('le', 64, r8, r7, 2),
    asm.mov64(r0, 0),
    asm.exit(),
    ...instructions,
    asm.store(8, r6, 0, r0),
    asm.mov64(r0, XDP_PASS),
    asm.exit(),
  ]);
  const functions = [{ instruction: 0, name: 'isa_case' }];
  const empty = { maps: [], mapReferences: [], lines: [] };
  const name = 'isa_case';
  return { ...empty, name, programType: XDP, license: 'GPL', code, functions, stackBytes: 8 };
}

/** The right operand in a register, and as an immediate where it fits. */
function operands(value: bigint, width: 32 | 64): Operand[] {
  const signed = BigInt.asIntN(64, value);
  const fits =
    width === 64
      ? BigInt.asIntN(32, signed) === signed
      : BigInt.asUintN(32, value) === value || BigInt.asIntN(32, signed) === signed;
  return fits ? [r1, Number(BigInt.asIntN(32, value))] : [r1];
}

function form(operand: Operand): string {
  return typeof operand === 'number' ? 'immediate' : 'register';
}

function hex(value: bigint): string {
  return `0x${BigInt.asUintN(64, value).toString(16)}`;
}

function isaCase(name: string, instructions: readonly Instruction[], expected: bigint): IsaCase {
  return { name, instructions, expected: BigInt.asUintN(64, expected) };
}

function arithmeticCase(
  operator: ArithmeticOperator,
  width: 32 | 64,
  [left, right, result]: readonly [bigint, bigint, bigint],
  operand: Operand,
): IsaCase {
  const name = `${operator}${width} ${form(operand)}: ${hex(left)}, ${hex(right)}`;
  const load = [asm.loadConstant(r0, left), asm.loadConstant(r1, right)];
  return isaCase(name, [...load, asm.arithmetic(operator, width, r0, operand)], result);
}

function isZeroImmediate(operator: ArithmeticOperator, operand: Operand): boolean {
  return operand === 0 && /div|mod/.test(operator);
}

function arithmeticCases(): IsaCase[] {
  const operators = Object.keys(arithmeticTable) as ArithmeticOperator[];
  const plain = operators.flatMap((operator) =>
    ([32, 64] as const).flatMap((width) =>
      (width === 32 ? rows32 : rows64)[operator].flatMap((row) =>
        operands(row[1], width)
          // The kernel refuses division by an immediate 0.
          .filter((operand) => !isZeroImmediate(operator, operand))
          .map((operand) => arithmeticCase(operator, width, row, operand)),
      ),
    ),
  );
  const shifts = maskedShifts.map(([operator, width, ...row]) =>
    arithmeticCase(operator, width, row, r1),
  );
  return [...plain, ...shifts];
}

function oneOperandCases(): IsaCase[] {
  return [
    ...negations.map(([width, from, to]) =>
      isaCase(
        `negate${width} ${hex(from)}`,
        [asm.loadConstant(r0, from), asm.negate(width, r0)],
        to,
      ),
    ),
    ...signExtensions.map(([width, bits, from, to]) => {
      const move = asm.signExtend(width, bits, r0, r1);
      return isaCase(
        `extend s${bits} to ${width}: ${hex(from)}`,
        [asm.loadConstant(r1, from), move],
        to,
      );
    }),
    ...byteSwaps.map(([order, bits, from, to]) => {
      const swap = { kind: 'byteSwap', order, bits, destination: r0 } as const;
      return isaCase(`${order} ${bits}: ${hex(from)}`, [asm.loadConstant(r0, from), swap], to);
    }),
  ];
}

function jumpCases(width: 32 | 64, rows: readonly JumpRow[]): IsaCase[] {
  return rows.flatMap(([left, right, holds]) =>
    (Object.keys(comparisonTable) as Comparison[]).flatMap((comparison) =>
      operands(right, width).map((operand) => {
        const name = `jump ${comparison}${width} ${form(operand)}: ${hex(left)}, ${hex(right)}`;
        const code = [
          asm.loadConstant(r2, left),
          asm.loadConstant(r1, right),
          asm.mov64(r0, 1),
          asm.branch(comparison, width, r2, operand, 1),
          asm.mov64(r0, 0),
        ];
        return isaCase(name, code, holds.includes(comparison) ? 1n : 0n);
      }),
    ),
  );
}

/** The kernel refuses code that nothing leads to: a branch, never taken, leads to the rest. */
function skipping(jump: Instruction): Instruction[] {
  return [asm.mov64(r0, 1), asm.branch('eq', 64, r0, 2, 1), jump, asm.mov64(r0, 0)];
}

const otherJumps: readonly IsaCase[] = [
  isaCase('jump forward', skipping(asm.jump(1)), 1n),
  isaCase('jump far forward', skipping(asm.jumpLong(1)), 1n),
  isaCase(
    'jump backward',
    [asm.mov64(r0, 0), asm.add64(r0, 3), asm.branch('lt', 64, r0, 10, -2)],
    12n,
  ),
  isaCase(
    'jump backward always',
    [asm.mov64(r0, 1), asm.jump(2), asm.mov64(r0, 5), asm.jump(1), asm.jump(-3)],
    5n,
  ),
];

function memoryCases(): IsaCase[] {
  const fill = (value: bigint) => [asm.loadConstant(r1, value), asm.store(8, r10, -8, r1)];
  return [
    ...loads.map(([size, offset, isSigned, result]) => {
      const name = `load ${isSigned ? 's' : 'u'}${size * 8} at ${offset}`;
      const place = offset - 8;
      const load =
        isSigned && size !== 8
          ? asm.loadSigned(size, r0, r10, place)
          : asm.load(size, r0, r10, place);
      return isaCase(name, [...fill(LOADED), load], result);
    }),
    ...stores.flatMap(([size, offset, value, result]) =>
      operands(value, 64).map((operand) => {
        const name = `store u${size * 8} ${form(operand)} at ${offset}: ${hex(value)}`;
        const store = asm.store(size, r10, offset - 8, operand);
        const code = [...fill(-1n), asm.loadConstant(r1, value), store, asm.load(8, r0, r10, -8)];
        return isaCase(name, code, result);
      }),
    ),
  ];
}

/** Each once for the memory after it and, fetching, once for what the register holds then. */
function atomicCases(): IsaCase[] {
  const operators = Object.keys(atomics) as Exclude<AtomicOperator, 'compareExchange'>[];
  return operators.flatMap((operator) =>
    atomics[operator].flatMap(([size, before, source, after]) => {
      const start = [
        asm.loadConstant(r1, before),
        asm.store(8, r10, -8, r1),
        asm.loadConstant(r2, source),
      ];
      const name = `atomic ${operator} of ${size}: ${hex(before)}, ${hex(source)}`;
      const seen = size === 4 ? BigInt.asUintN(32, before) : before;
      const change = (fetch: boolean) => asm.atomic(operator, size, r10, -8, r2, fetch);
      return [
        isaCase(`${name}, memory`, [...start, change(false), asm.load(8, r0, r10, -8)], after),
        isaCase(`${name}, fetched`, [...start, change(true), asm.mov64(r0, r2)], seen),
        isaCase(`${name}, fetching`, [...start, change(true), asm.load(8, r0, r10, -8)], after),
      ];
    }),
  );
}

function compareExchangeCases(): IsaCase[] {
  return compareExchanges.flatMap(([size, before, compared, source, after, fetched]) => {
    const code = [
      asm.loadConstant(r1, before),
      asm.store(8, r10, -8, r1),
      asm.loadConstant(r2, source),
      asm.loadConstant(r0, compared),
      asm.atomic('compareExchange', size, r10, -8, r2),
    ];
    const name = `compare and exchange ${size}: ${hex(before)}, ${hex(compared)}`;
    return [
      isaCase(`${name}, memory`, [...code, asm.load(8, r0, r10, -8)], after),
      isaCase(`${name}, r0`, code, fetched),
    ];
  });
}

/** All of them. */
export const isaCases: readonly IsaCase[] = [
  ...arithmeticCases(),
  ...oneOperandCases(),
  ...jumpCases(64, jumps64),
  ...jumpCases(32, jumps32),
  ...otherJumps,
  ...memoryCases(),
  ...atomicCases(),
  ...compareExchangeCases(),
];
