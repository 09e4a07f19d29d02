/** How large each program is, against budgets.json; `SKEP_UPDATE=1` writes what is found. */
import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { canUseBpf, createMap, loadProgram } from '@skep/bpf';
import { mapShapeOf, type ProgramObject } from '@skep/bytecode';
import { datapathMaps } from './maps.ts';
import { decidedProgram, endpointPrograms } from './programs.ts';
import { NODE } from './trial/world.ts';

interface Size {
  readonly instructions: number;
  /** All paths together, as the verifier walks them; differs between kernels. */
  readonly verified: number;
}

const FILE = new URL('../budgets.json', import.meta.url);
const ROOM = 1.1;
const INSTRUCTION_BYTES = 8;

const PROGRAMS = [...Object.values(endpointPrograms(NODE)), decidedProgram(NODE)];

function measure(objects: readonly ProgramObject[]): Record<string, Size> {
  const maps = Object.fromEntries(
    datapathMaps.map((map) => [map.name, createMap(mapShapeOf(map))]),
  );
  try {
    return Object.fromEntries(objects.map((object) => [object.name, sizeOf(object, maps)]));
  } finally {
    for (const map of Object.values(maps)) map.close();
  }
}

function sizeOf(object: ProgramObject, maps: Record<string, ReturnType<typeof createMap>>): Size {
  const program = loadProgram(object, { maps });
  const verified = program.info().verifiedInstructions;
  program.close();
  return { instructions: object.code.length / INSTRUCTION_BYTES, verified };
}

describe('budgets', { skip: canUseBpf() ?? false }, () => {
  test('no program is more than a tenth above its budget', () => {
    const found = measure(PROGRAMS);
    if (process.env.SKEP_UPDATE === '1') {
      writeFileSync(FILE, `${JSON.stringify(found, null, 2)}\n`);
    }
    const budgets: Record<string, Size> = JSON.parse(readFileSync(FILE, 'utf8'));
    assert.deepEqual(Object.keys(found).sort(), Object.keys(budgets).sort());
    for (const [name, size] of Object.entries(found)) {
      for (const part of ['instructions', 'verified'] as const) {
        const most = Math.floor(budgets[name]![part] * ROOM);
        const message = `${name}: ${size[part]} ${part}, expected at most ${most}`;
        assert.ok(size[part] <= most, `${message} (SKEP_UPDATE=1 accepts it)`);
      }
    }
  });
});
