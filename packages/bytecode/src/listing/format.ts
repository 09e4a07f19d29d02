/** One instruction as the kernel's own disassembler writes it (kernel/bpf/disasm.c). */
import {
  type AccessSize,
  type Atomic,
  type Call,
  type Instruction,
  type LoadConstant,
  type Operand,
  type OperationWidth,
  Register,
} from '../asm/instruction.ts';
import { arithmeticTable, comparisonTable } from '../asm/opcodes.ts';
import { helperName } from './helper-names.ts';

/** Names for what an instruction refers to by number; each may be absent. */
export interface Names {
  /** The map whose address the constant load takes. */
  readonly map?: string | undefined;
  /** The subprogram called, or whose address is taken. */
  readonly subprogram?: string | undefined;
  /** The field of the kernel whose offset the constant is, or that a load reads. */
  readonly kernelField?: string | undefined;
  /** The function of the kernel that is called. */
  readonly kernelFunction?: string | undefined;
}

const atomicNames = { add: 'add', or: 'or', and: 'and', xor: 'xor' } as const;

/**
 * The instruction as text.
 *
 * @example formatInstruction(asm.load(4, r1, r1, 76)) // 'r1 = *(u32 *)(r1 +76)'
 */
export function formatInstruction(instruction: Instruction, names: Names = {}): string {
  switch (instruction.kind) {
    case 'arithmetic': {
      const { operator, width, destination, source } = instruction;
      return `${part(destination, width)} ${arithmeticTable[operator].sign} ${part(source, width)}`;
    }
    case 'signExtend': {
      const { width, bits, destination, source } = instruction;
      return `${part(destination, width)} = (s${bits})${part(source, width)}`;
    }
    case 'negate': {
      const register = part(instruction.destination, instruction.width);
      return `${register} = -${register}`;
    }
    case 'byteSwap': {
      const { order, bits, destination } = instruction;
      const name = { big: 'be', little: 'le', reverse: 'bswap' }[order];
      return `${destination} = ${name}${bits} ${destination}`;
    }
    case 'jump':
      return `goto${instruction.isLong ? 'l' : ''} ${signed(instruction.offset)}`;
    case 'branch': {
      const { comparison, width, left, right, offset } = instruction;
      const { sign } = comparisonTable[comparison];
      return `if ${part(left, width)} ${sign} ${part(right, width)} goto ${signed(offset)}`;
    }
    case 'mayGoto':
      return `may_goto ${signed(instruction.offset)}`;
    case 'load': {
      const { size, isSigned, destination, base, offset } = instruction;
      const from = names.kernelField ? `(${base} +${names.kernelField})` : place(base, offset);
      return `${destination} = *(${isSigned ? 's' : 'u'}${size * 8} *)${from}`;
    }
    case 'store': {
      const { size, base, offset, source } = instruction;
      return `${memory(size, base, offset)} = ${source}`;
    }
    case 'atomic':
      return formatAtomic(instruction);
    case 'loadConstant':
      return formatConstant(instruction, names);
    case 'call':
      return formatCall(instruction, names);
    case 'exit':
      return 'exit';
  }
}

function part(operand: Operand, width: OperationWidth): string {
  if (!(operand instanceof Register)) return String(operand);
  return width === 32 ? `w${operand.number}` : `r${operand.number}`;
}

function signed(value: number): string {
  return value < 0 ? String(value) : `+${value}`;
}

function place(base: Register, offset: number): string {
  return `(${base} ${signed(offset)})`;
}

function memory(size: AccessSize, base: Register, offset: number): string {
  return `*(u${size * 8} *)${place(base, offset)}`;
}

function formatAtomic(instruction: Atomic): string {
  const { operator, fetch, size, base, offset, source } = instruction;
  const target = memory(size, base, offset);
  const family = size === 8 ? 'atomic64' : 'atomic';
  const address = target.slice(1);
  if (operator === 'exchange') return `${source} = ${family}_xchg(${address}, ${source})`;
  if (operator === 'compareExchange') return `r0 = ${family}_cmpxchg(${address}, r0, ${source})`;
  if (!fetch) return `lock ${target} ${arithmeticTable[operator].sign} ${source}`;
  return `${source} = ${family}_fetch_${atomicNames[operator]}(${address}, ${source})`;
}

function formatConstant(instruction: LoadConstant, names: Names): string {
  const { from, destination, value, offset } = instruction;
  const map = names.map === undefined ? `${value}` : `name:${names.map}`;
  switch (from) {
    case 'value':
      if (names.kernelField) return `${destination} = offset of ${names.kernelField}`;
      return `${destination} = 0x${value.toString(16)} ll`;
    case 'mapByDescriptor':
    case 'mapByIndex':
      return `${destination} = map[${map}]`;
    case 'mapValueByDescriptor':
    case 'mapValueByIndex':
      return `${destination} = map[${map}][0]+${offset}`;
    case 'variable':
      return `${destination} = variable[${value}]`;
    case 'code':
      return `${destination} = code ${names.subprogram ?? signed(Number(value))}`;
  }
}

function formatCall(instruction: Call, names: Names): string {
  const { target, number } = instruction;
  if (target === 'subprogram') return `call ${names.subprogram ?? signed(number)}`;
  if (target === 'kernelFunction') {
    return `call ${names.kernelFunction ?? `kernel-function#${number}`}`;
  }
  const name = helperName(number);
  return name ? `call bpf_${name}#${number}` : `call helper#${number}`;
}
