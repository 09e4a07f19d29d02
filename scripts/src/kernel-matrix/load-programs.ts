/** Loads programs into this kernel, to see how much its verifier has to walk. */
import { type BpfMap, createMap, loadProgram } from '@skep/bpf';
import type { ProgramObject } from '@skep/bytecode';
import type { ProgramSize } from './budgets.ts';

const INSTRUCTION_BYTES = 8;

/** Loads each program once, with maps of its own. @throws VerifierError; KernelError */
export function measurePrograms(objects: readonly ProgramObject[]): ProgramSize[] {
  const maps = new Map<string, BpfMap>();
  try {
    return objects.map((object) => {
      for (const shape of object.maps) {
        if (!maps.has(shape.name)) maps.set(shape.name, createMap(shape));
      }
      return measure(object, Object.fromEntries(maps));
    });
  } finally {
    for (const map of maps.values()) map.close();
  }
}

function measure(object: ProgramObject, maps: Readonly<Record<string, BpfMap>>): ProgramSize {
  const program = loadProgram(object, { maps });
  const verified = program.info().verifiedInstructions;
  program.close();
  return { name: object.name, instructions: object.code.length / INSTRUCTION_BYTES, verified };
}
