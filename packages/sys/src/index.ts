export { Errno } from './abi/errno.ts';
export * from './abi/namespace.ts';
export * from './abi/socket.ts';
export type { SyscallName } from './abi/syscalls.ts';
export * from './barrier.ts';
export * from './cgroup.ts';
export * from './descriptor.ts';
export {
  addressOf,
  bpfResult,
  type Memory,
  type SyscallArgument,
  syscall,
  syscallResult,
} from './door.ts';
export * from './integers.ts';
export * from './kernel-error.ts';
export * from './lock.ts';
export * from './mount.ts';
export * from './namespace.ts';
export * from './packet-socket.ts';
export * from './path.ts';
export * from './socket.ts';
export * from './socket-address.ts';
export * from './xdp-socket.ts';
export * from './abi/bpf.ts';
export * from './abi/bpf-attribute.ts';
export * from './mapping.ts';
export * from './perf-event.ts';
export * from './process.ts';
export * from './readiness.ts';
