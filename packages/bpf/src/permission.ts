/** Whether this process may use BPF at all; asked before anything else is set up. */
import { asm, type ProgramObject, r0 } from '@skep/bytecode';
import { programKinds } from '@skep/ebpf';
import { BpfProgramType, Errno, KernelError, UnsupportedPlatformError } from '@skep/sys';
import { PERMISSION_ADVICE } from './call.ts';
import { createMap } from './open-map.ts';
import { probeProgram } from './probe.ts';
import { loadProgram } from './program.ts';

/**
 * Tries to make a map and to load a program of each sort that is needed.
 *
 * @returns `undefined` where that works, else why not, in words for the user
 */
export function canUseBpf(): string | undefined {
  try {
    const sizes = { keySize: 4, valueSize: 4, maxEntries: 1, flags: 0 };
    createMap({ name: 'probe', kind: 'array', ...sizes }).close();
    for (const type of [BpfProgramType.SCHED_CLS, BpfProgramType.XDP]) {
      loadProgram(probeProgram(type, [asm.mov64(r0, 0), asm.exit()])).close();
    }
    return undefined;
  } catch (error) {
    if (error instanceof KernelError) return explain(error);
    if (error instanceof UnsupportedPlatformError) return error.message;
    throw error;
  }
}

/**
 * Tries to load a program at a function of the kernel: there are kernels that refuse these, and
 * those of security hooks, even to root.
 *
 * @returns `undefined` where that works, else why not, in words for the user
 */
export function canTraceFunctions(): string | undefined {
  const { programType, attachType } = programKinds.functionEntry;
  const probe = probeProgram(programType, [asm.mov64(r0, 0), asm.exit()]);
  try {
    loadProgram({ ...probe, attachType, attachTarget: 'tcp_v4_connect' }).close();
    return undefined;
  } catch (error) {
    if (!(error instanceof KernelError)) throw error;
    // Refused although BPF is permitted: it is the kernel that has none, and no right would help.
    return canUseBpf() ?? 'this kernel takes no programs at its functions, whoever asks';
  }
}

/** Whether a program is of a kind that {@link canTraceFunctions} is about. */
export function isAtFunction({ programType, attachType }: ProgramObject): boolean {
  const { functionEntry, functionExit, securityHook } = programKinds;
  return [functionEntry, functionExit, securityHook].some(
    (kind) => kind.programType === programType && kind.attachType === attachType,
  );
}

function explain(error: KernelError): string {
  switch (error.errno) {
    case Errno.EPERM:
    case Errno.EACCES:
      return `bpf is not permitted: ${PERMISSION_ADVICE} (in a container: --privileged)`;
    case Errno.ENOSYS:
      return 'this kernel has no bpf(2)';
    default:
      return error.message;
  }
}
