/** Loads programs into this kernel, to see how much its verifier has to walk. */
import { type BpfMap, createMap, loadProgram } from '@skep/bpf';
import type { ProgramObject } from '@skep/bytecode';
import type { ProgramSize } from './budgets.ts';

const INSTRUCTION_BYTES = 8;

/** Loads each program once, with maps of its own. @throws VerifierError; KernelError */
export function measurePrograms(objects: readonly ProgramObject[]): ProgramSize[] {
  return objects.map(measure);
}

function measure(object: ProgramObject): ProgramSize {
  const maps: Record<string, BpfMap> = {};
  try {
    for (const shape of object.maps) maps[shape.name] = createMap(shape);
    const program = loadProgram(object, { maps });
    const verified = program.info().verifiedInstructions;
    program.close();
    return { name: object.name, instructions: object.code.length / INSTRUCTION_BYTES, verified };
  } finally {
    for (const map of Object.values(maps)) map.close();
  }
}
