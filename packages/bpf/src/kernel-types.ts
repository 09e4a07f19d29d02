/** The kernel's own BTF, and which of its functions a program is attached to. */
import { readFileSync } from 'node:fs';
import { Btf, BtfKind, type ProgramObject } from '@skep/bytecode';
import { BpfAttachType, BpfProgramType } from '@skep/sys';
import { UnsupportedFeatureError } from './errors.ts';

const KERNEL_BTF = '/sys/kernel/btf/vmlinux';
let types: Btf | undefined;

/** The kernel's types, read once: some megabytes. @throws UnsupportedFeatureError without BTF */
export function kernelTypes(): Btf {
  if (types) return types;
  try {
    types = new Btf(readFileSync(KERNEL_BTF));
    return types;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ENOENT') throw cause;
    const detail = `${KERNEL_BTF} is not there (built with CONFIG_DEBUG_INFO_BTF)`;
    throw new UnsupportedFeatureError('kernel btf', '5.4', { cause, detail });
  }
}

/** A program is meant for a function or hook that this kernel has not. */
export class UnknownTargetError extends Error {
  readonly code = 'ERR_UNKNOWN_TARGET';
  constructor(
    readonly program: string,
    readonly target: string,
  ) {
    super(`load program ${program}: no function ${target} in the kernel's btf (inlined, renamed?)`);
    this.name = 'UnknownTargetError';
  }
}

/** How the function is called that stands for a program's target; none for other programs. */
function prefixOf({ programType, attachType }: ProgramObject): string | undefined {
  if (programType === BpfProgramType.LSM) return 'bpf_lsm_';
  if (programType !== BpfProgramType.TRACING) return undefined;
  return attachType === BpfAttachType.TRACE_ITER ? 'bpf_iter_' : '';
}

/**
 * The number of the function that a program is loaded for; 0 for types that are told none.
 *
 * @throws UnknownTargetError where the kernel has no such function
 */
export function targetId(object: ProgramObject): number {
  const { name, attachTarget } = object;
  const prefix = prefixOf(object);
  if (prefix === undefined || attachTarget === undefined) return 0;
  const id = kernelTypes().find(`${prefix}${attachTarget}`, BtfKind.Function);
  if (id === undefined) throw new UnknownTargetError(name, `${prefix}${attachTarget}`);
  return id;
}
