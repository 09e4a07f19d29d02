/** The two attempts that feature probes are made of: make a map, load a program. */
import { encode, type Instruction, type MapShape, type ProgramObject } from '@skep/bytecode';
import { Errno, KernelError } from '@skep/sys';
import { InconclusiveProbeError } from './errors.ts';
import { createMap } from './open-map.ts';
import { loadProgram } from './program.ts';
import { VerifierError } from './verifier-error.ts';

/** A program without maps or lines. */
export function probeProgram(
  programType: number,
  instructions: readonly Instruction[],
): ProgramObject {
  return {
    name: 'probe',
    programType,
    license: 'GPL',
    code: encode(instructions),
    maps: [],
    mapReferences: [],
    functions: [{ instruction: 0, name: 'probe' }],
    lines: [],
    stackBytes: 0,
  };
}

/** Whether the kernel makes a map of this shape. @throws InconclusiveProbeError */
export function canCreate(feature: string, shape: MapShape): boolean {
  try {
    createMap(shape).close();
    return true;
  } catch (error) {
    if (isRefusal(error)) return false;
    throw inconclusive(feature, error);
  }
}

/** Whether the kernel takes this program. @throws InconclusiveProbeError */
export function canLoad(feature: string, object: ProgramObject, attachType = 0): boolean {
  try {
    loadProgram(object, { attachType }).close();
    return true;
  } catch (error) {
    if (error instanceof VerifierError || isRefusal(error)) return false;
    throw inconclusive(feature, error);
  }
}

/** Errors that mean that the kernel does not know what it was asked for. */
function isRefusal(error: unknown): boolean {
  if (!(error instanceof KernelError)) return false;
  const { EINVAL, ENOTSUPP, EOPNOTSUPP } = Errno;
  return [EINVAL, ENOTSUPP, EOPNOTSUPP].some((errno) => errno === error.errno);
}

/** For errors, such as EPERM, that answer another question than the one that was asked. */
export function inconclusive(feature: string, cause: unknown): InconclusiveProbeError {
  const detail = cause instanceof Error ? cause.message : String(cause);
  return new InconclusiveProbeError(feature, detail, { cause });
}
