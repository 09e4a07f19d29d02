/** Attaching to control groups: what the sockets of their processes do passes through. */
import { realpathSync, statSync } from 'node:fs';
import { BpfAttachType, findCgroupMount, openPath } from '@skep/sys';
import { createLink, type Link } from './link.ts';
import type { Program } from './program.ts';

/** @alias BPF_CGROUP_* */
export const cgroupHooks = {
  ingress: BpfAttachType.CGROUP_INET_INGRESS,
  egress: BpfAttachType.CGROUP_INET_EGRESS,
  socketCreate: BpfAttachType.CGROUP_INET_SOCK_CREATE,
  socketRelease: BpfAttachType.CGROUP_INET_SOCK_RELEASE,
  sockOps: BpfAttachType.CGROUP_SOCK_OPS,
  bind4: BpfAttachType.CGROUP_INET4_BIND,
  bind6: BpfAttachType.CGROUP_INET6_BIND,
  connect4: BpfAttachType.CGROUP_INET4_CONNECT,
  connect6: BpfAttachType.CGROUP_INET6_CONNECT,
  sendmsg4: BpfAttachType.CGROUP_UDP4_SENDMSG,
  sendmsg6: BpfAttachType.CGROUP_UDP6_SENDMSG,
  recvmsg4: BpfAttachType.CGROUP_UDP4_RECVMSG,
  recvmsg6: BpfAttachType.CGROUP_UDP6_RECVMSG,
  getpeername4: BpfAttachType.CGROUP_INET4_GETPEERNAME,
  getpeername6: BpfAttachType.CGROUP_INET6_GETPEERNAME,
} as const;

/**
 * A hook of control groups. Its number is also the `attachType` that its programs are loaded with.
 */
export type CgroupHook = keyof typeof cgroupHooks;

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

/**
 * Attaches a program to a control group below the root one: the root has every process of the
 * machine in it, and is refused.
 *
 * @param path a directory of the unified hierarchy
 * @throws CgroupPathError for the root or a path outside; KernelError
 * @since Linux 5.7
 */
export function attachCgroup(program: Program, path: string, hook: CgroupHook): Link {
  requireSubCgroup(path);
  const directory = openPath('cgroup', path);
  try {
    return createLink(
      { program, target: directory.number, attachType: cgroupHooks[hook] },
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
