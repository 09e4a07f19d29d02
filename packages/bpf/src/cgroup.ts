/** Attaching to control groups: what the sockets of their processes do passes through. */
import { realpathSync, statSync } from 'node:fs';
import { type ContextShape, contextShapes } from '@skep/ebpf';
import { BpfProgramType, findCgroupMount, openPath } from '@skep/sys';
import { createLink, type Link } from './link.ts';
import type { Program } from './program.ts';

/** A program was to be attached to all processes of the machine, or to no control group at all. */
export class CgroupPathError extends Error {
  readonly code = 'ERR_CGROUP_PATH';
  constructor(
    readonly path: string,
    readonly expected: string,
  ) {
    super(`attach to cgroup ${path}: expected ${expected}`);
    this.name = 'CgroupPathError';
  }
}

const cgroupTypes: ReadonlySet<number> = new Set([
  BpfProgramType.CGROUP_SKB,
  BpfProgramType.CGROUP_SOCK,
  BpfProgramType.SOCK_OPS,
  BpfProgramType.CGROUP_SOCK_ADDR,
]);

/** The name of a cgroup hook by its number, such as `connect4`. @alias BPF_CGROUP_* */
export function cgroupHookName(attachType: number): string | undefined {
  return cgroupShapes().find(({ facts }) => facts.attachType === attachType)?.kind;
}

function cgroupShapes(): ContextShape[] {
  return Object.values(contextShapes).filter(({ programType }) => cgroupTypes.has(programType));
}

/**
 * Attaches a program to a control group below the root one: the root has every process of the
 * machine in it, and is refused. The hook is that of the program's context. Several programs may be
 * attached to one hook; all of them must allow.
 *
 * @param path a directory of the unified hierarchy
 * @throws CgroupPathError for the root or a path outside; TypeError for a program of another kind;
 *   KernelError
 * @since Linux 5.7
 */
export function attachCgroup(program: Program, path: string): Link {
  const { attachType } = program;
  const hook = attachType === undefined ? undefined : cgroupHookName(attachType);
  if (attachType === undefined || hook === undefined || !cgroupTypes.has(program.programType)) {
    const found = `type ${program.programType}`;
    const expected = `the context of a cgroup hook (${cgroupShapes()
      .map(({ kind }) => kind)
      .join(', ')})`;
    throw new TypeError(`attach cgroup program ${program.name}: ${found}, expected ${expected}`);
  }
  requireSubCgroup(path);
  const directory = openPath('cgroup', path);
  try {
    return createLink(
      { program, target: directory.number, attachType },
      { operation: 'attach cgroup program', subject: program.name, detail: `${hook} of ${path}` },
    );
  } finally {
    directory.close();
  }
}

function requireSubCgroup(path: string): void {
  const root = realpathSync(findCgroupMount());
  const real = realpathSync(path);
  const isRoot = real === root || statSync(real).ino === statSync(root).ino;
  if (isRoot || !real.startsWith(`${root}/`)) {
    throw new CgroupPathError(path, `a directory below ${root}`);
  }
}
