/** The form of code: what may be said of instructions before anything is known of values. */
import type { Placed } from '../asm/decode.ts';
import type { Arithmetic, Instruction } from '../asm/instruction.ts';

/** What is wrong, and at which slot. */
export interface FormError {
  readonly slot: number;
  readonly instruction: Instruction | undefined;
  readonly detail: string;
}

/** The first mistake: a jump to nowhere, a write to r10, an immediate that may not be, no end. */
export function formError(code: readonly Placed[]): FormError | undefined {
  const starts = new Set(code.map((each) => each.slot));
  for (const { slot, instruction } of code) {
    const detail = mistake(slot, instruction, starts);
    if (detail) return { slot, instruction, detail };
  }
  const last = code.at(-1)?.instruction.kind;
  if (last === 'exit' || last === 'jump') return undefined;
  const detail = 'the code ends without exit or jump';
  return { slot: code.length, instruction: undefined, detail };
}

function mistake(
  slot: number,
  instruction: Instruction,
  starts: ReadonlySet<number>,
): string | undefined {
  if (writesFramePointer(instruction)) return 'r10 is read-only';
  if (instruction.kind === 'arithmetic') return arithmeticMistake(instruction);
  const target = targetSlot(slot, instruction);
  if (target === undefined || starts.has(target)) return undefined;
  return `slot ${target} is no instruction`;
}

/** The kernel refuses what is wrong with an immediate, though it defines the same of a register. */
function arithmeticMistake({ operator, width, source }: Arithmetic): string | undefined {
  if (typeof source !== 'number') return undefined;
  const isShift = operator === 'shl' || operator === 'shr' || operator === 'sar';
  if (isShift && (source < 0 || source >= width)) return `shift by ${source} of ${width} bits`;
  return source === 0 && /div|mod/.test(operator) ? 'division by an immediate zero' : undefined;
}

function writesFramePointer(instruction: Instruction): boolean {
  switch (instruction.kind) {
    case 'arithmetic':
    case 'signExtend':
    case 'negate':
    case 'byteSwap':
    case 'loadConstant':
    case 'load':
      return instruction.destination.number === 10;
    case 'atomic':
      return instruction.fetch && instruction.source.number === 10;
    default:
      return false;
  }
}

/** Where a jump or a call of a subprogram goes, or the subprogram whose address is taken lies. */
export function targetSlot(slot: number, instruction: Instruction): number | undefined {
  switch (instruction.kind) {
    case 'jump':
    case 'branch':
    case 'mayGoto':
      return slot + 1 + instruction.offset;
    case 'loadConstant':
      return instruction.from === 'code' ? slot + 1 + Number(instruction.value) : undefined;
    case 'call':
      return instruction.target === 'subprogram' ? slot + 1 + instruction.number : undefined;
    default:
      return undefined;
  }
}
