/** The checker's rules are the kernel's: both refuse, and both accept what stands next to it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import type { ProgramObject } from '@skep/bytecode';
import { ruleCases } from '@skep/bytecode/refused-programs';
import { KernelError } from '@skep/sys';
import { createMap } from './open-map.ts';
import { loadProgram } from './program.ts';
import { cannotUseBpf } from './testing/programs.ts';
import { VerifierError } from './verifier-error.ts';

/** Loads it with maps of its own, and leaves nothing. */
function load(object: ProgramObject): void {
  const maps = Object.fromEntries(object.maps.map((shape) => [shape.name, createMap(shape)]));
  try {
    loadProgram(object, { maps }).close();
  } finally {
    for (const map of Object.values(maps)) map.close();
  }
}

describe('the verifier', { skip: cannotUseBpf }, () => {
  for (const { rule, refused, accepted } of ruleCases) {
    test(rule, () => {
      assert.throws(
        () => load(refused),
        (error) => error instanceof VerifierError || error instanceof KernelError,
      );
      load(accepted);
    });
  }
});
