/** Asks the kernel for every field of every context, and for every cell of the helper table. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { asm, helperName, type Instruction, r0, r1, r2 } from '@skep/bytecode';
import {
  type ContextField,
  type ContextShape,
  contextShapes,
  kernelStruct,
  kindsWithHelper,
  RawTracepoint,
  recorded,
  s32,
  SocketIterator,
  Tracepoint,
  u16,
  u64,
  UserFunction,
} from '@skep/ebpf';
import { hasHelper } from './features.ts';
import { probeProgram } from './probe.ts';
import { loadProgram } from './program.ts';
import { cannotUseBpf } from './testing/programs.ts';
import { VerifierError } from './verifier-error.ts';

/** Whether the kernel takes the instructions in a program with this context. */
function isTaken(shape: ContextShape, code: readonly Instruction[]): boolean {
  const end = [asm.mov64(r0, shape.facts.resultOfNothing ?? 1), asm.exit()];
  const object = probeProgram(shape.programType, [...code, ...end]);
  try {
    loadProgram({ ...object, ...placeOf(shape) }).close();
    return true;
  } catch (error) {
    if (error instanceof VerifierError) return false;
    throw error;
  }
}

/** What the kernel is told of where the program will be attached. */
function placeOf({ facts, target }: ContextShape): Parameters<typeof hasHelper>[2] {
  return {
    ...(facts.attachType === undefined ? {} : { attachType: facts.attachType }),
    ...(target === undefined ? {} : { attachTarget: target }),
  };
}

/** Where the field lies: several places for one that is several numbers. */
function placesOf({ offset, type }: ContextField): number[] {
  if (type.kind !== 'array') return [offset];
  return Array.from({ length: type.count }, (_, index) => offset + index * type.element.size);
}

/** Whether the kernel has the newest cell of the table: this helper in traffic control. */
function isRecent(): boolean {
  return hasHelper(contextShapes.TcContext!.programType, GET_NETNS_COOKIE);
}

const GET_NETNS_COOKIE = 122;

/** The last helper that every supported kernel has at the same number. */
const HELPER_MAX = 208;

/** Those of the language, and of those that authors make one each. */
const shapes = {
  ...contextShapes,
  Tracepoint: Tracepoint('sock', 'inet_sock_set_state', { state: recorded(16, s32) }).shape,
  RawTracepoint: RawTracepoint('sys_enter', { registers: u64, id: u64 }).shape,
  SocketIterator: SocketIterator('tcp', kernelStruct('sock_common', { skc_num: u16 })).shape,
  UserFunction: UserFunction('x64', { first: u64, second: s32 }).shape,
};

for (const [name, shape] of Object.entries(shapes)) {
  describe(name, { skip: cannotUseBpf }, () => {
    test('each field can be read, and written only where it says so', () => {
      assert.ok(isTaken(shape, []), 'the smallest program');
      const wrong: string[] = [];
      for (const [field, at] of Object.entries(shape.fields)) {
        for (const offset of placesOf(at)) {
          const load = asm.load(at.accessSize, r2, r1, offset);
          if (!isTaken(shape, [load])) wrong.push(`${field} at ${offset} cannot be read`);
          const store = [asm.mov64(r2, 0), asm.store(at.accessSize, r1, offset, r2)];
          const isWritable = isTaken(shape, store);
          if (isWritable === (at.isWritable ?? false)) continue;
          wrong.push(`${field} at ${offset} can ${isWritable ? '' : 'not '}be written`);
        }
      }
      assert.deepEqual(wrong, []);
    });

    test('it may call the helpers that the table gives it, and no other of the table', () => {
      for (let helper = 1; helper <= HELPER_MAX; helper++) {
        const kernelName = helperName(helper) ?? '';
        const kinds = kindsWithHelper(kernelName);
        if (!kinds) continue;
        const found = hasHelper(shape.programType, helper, placeOf(shape));
        // The table is that of a recent kernel; an older one may lack some of it.
        if (found || isRecent()) assert.equal(found, kinds.has(shape.kind), kernelName);
      }
    });
  });
}
