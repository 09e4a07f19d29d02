/** Loads programs into this kernel, to see how much its verifier has to walk. */
import {
  type BpfMap,
  canTraceFunctions,
  codeTarget,
  createMap,
  isAtFunction,
  loadProgram,
} from '@skep/bpf';
import type { ProgramSize } from './budgets.ts';
import { type FormedProgram, runsForm } from './forms.ts';

const INSTRUCTION_BYTES = 8;

/**
 * Loads each program that this kernel can take once, with maps of its own. Forms that it cannot run
 * are left out; of programs at its functions, where it takes none, only instructions are counted.
 *
 * @throws VerifierError; KernelError
 */
export function measurePrograms(programs: readonly FormedProgram[]): ProgramSize[] {
  const target = codeTarget();
  const takesFunctions = canTraceFunctions() === undefined;
  return programs
    .filter(({ form }) => runsForm(target, form))
    .map((program) => {
      const { name, object } = program;
      const about = { name, instructions: object.code.length / INSTRUCTION_BYTES };
      if (!isAtFunction(object)) return { ...about, verified: verifiedOf(program) };
      const verified = takesFunctions ? { verified: verifiedOf(program) } : {};
      return { ...about, isAtFunction: true, ...verified };
    });
}

function verifiedOf({ object }: FormedProgram): number {
  const maps: Record<string, BpfMap> = {};
  try {
    for (const shape of object.maps) maps[shape.name] = createMap(shape);
    const program = loadProgram(object, { maps });
    const { verifiedInstructions } = program.info();
    program.close();
    return verifiedInstructions;
  } finally {
    for (const map of Object.values(maps)) map.close();
  }
}
