/** How deep calls go: what all frames of a chain need together. @source kernel/bpf/verifier.c */
import type { Placed } from '../asm/decode.ts';
import type { Instruction } from '../asm/instruction.ts';
import { targetSlot } from '../flow/form.ts';

const STACK_BYTES = 512;
const FRAMES_MAX = 8;
const FRAME_POINTER = 10;
/** To which the kernel rounds the stack of a function, where it has a JIT; elsewhere to more. */
const ROUNDED_TO = 16;

/** A function, by its first slot. */
export interface CheckedFunction {
  readonly entry: number;
  readonly code: readonly Placed[];
}

interface Called {
  readonly stackBytes: number;
  /** One call of each function that it calls. */
  readonly calls: ReadonlyMap<number, number>;
}

/** The call with which a chain that begins at slot 0 becomes too deep. */
export function deepCall(
  functions: readonly CheckedFunction[],
): { readonly slot: number; readonly detail: string } | undefined {
  const known = new Map(functions.map(({ entry, code }) => [entry, summary(code)]));
  const follow = (entry: number, slot: number, frames: number, above: number): Found => {
    const { stackBytes, calls } = known.get(entry)!;
    if (frames > FRAMES_MAX) {
      return { slot, detail: `the call stack of ${frames} frames is too deep` };
    }
    const bytes = above + stackBytes;
    if (bytes > STACK_BYTES) {
      const advice = `at most ${STACK_BYTES} bytes; this function needs ${stackBytes}`;
      const detail = `combined stack size of ${frames} calls is ${bytes}. Too large (${advice})`;
      return { slot, detail };
    }
    for (const [target, at] of calls) {
      const found = follow(target, at, frames + 1, bytes);
      if (found) return found;
    }
    return undefined;
  };
  return follow(0, 0, 1, 0);
}

type Found = { readonly slot: number; readonly detail: string } | undefined;

/** Only what is certain counts: accesses by r10 itself. */
function summary(code: readonly Placed[]): Called {
  const calls = new Map<number, number>();
  let deepest = 1;
  for (const { slot, instruction } of code) {
    deepest = Math.max(deepest, depthOf(instruction));
    const target = instruction.kind === 'call' ? targetSlot(slot, instruction) : undefined;
    if (target !== undefined && !calls.has(target)) calls.set(target, slot);
  }
  return { stackBytes: Math.ceil(deepest / ROUNDED_TO) * ROUNDED_TO, calls };
}

function depthOf(instruction: Instruction): number {
  switch (instruction.kind) {
    case 'load':
    case 'store':
    case 'atomic':
      return instruction.base.number === FRAME_POINTER ? -instruction.offset : 0;
    default:
      return 0;
  }
}
