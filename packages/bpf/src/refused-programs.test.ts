/** The checker's rules are the kernel's: both refuse, and both accept what stands next to it. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { checkProgram, type ProgramObject } from '@skep/bytecode';
import { randomObjects } from '@skep/bytecode/random-objects';
import { ruleCases } from '@skep/bytecode/refused-programs';
import { KernelError } from '@skep/sys';
import { createMap } from './open-map.ts';
import { loadProgram } from './program.ts';
import { cannotUseBpf } from './testing/programs.ts';
import { VerifierError } from './verifier-error.ts';

const seed = Number(process.env.SKEP_SEED ?? 20_261_125);
const runs = Number(process.env.SKEP_RUNS ?? 300);

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

  for (const [family, make] of Object.entries(randomObjects)) {
    test(`refuses what the checker does: ${runs} random ${family} (SKEP_SEED=${seed})`, () => {
      let refused = 0;
      let loaded = 0;
      for (let own = seed; own < seed + runs; own++) {
        const object = make(own);
        const refusal = checkProgram(object);
        const isLoaded = loads(object);
        if (refusal) refused++;
        if (isLoaded) loaded++;
        const message = `SKEP_SEED=${own} SKEP_RUNS=1: loads, but ${refusal?.message}`;
        assert.ok(!refusal || !isLoaded, message);
      }
      if (runs > 50) assert.ok(refused > runs / 20, `${refused} refused, ${loaded} loaded`);
    });
  }
});

function loads(object: ProgramObject): boolean {
  try {
    load(object);
    return true;
  } catch (error) {
    if (error instanceof VerifierError || error instanceof KernelError) return false;
    throw error;
  }
}
