/**
 * System call numbers. x64 has its own table, arm64 uses the generic one.
 *
 * @source arch/x86/entry/syscalls/syscall_64.tbl, include/uapi/asm-generic/unistd.h
 */
const numbers = {
  accept4: { x64: 288, arm64: 242 },
  bind: { x64: 49, arm64: 200 },
  bpf: { x64: 321, arm64: 280 },
  close: { x64: 3, arm64: 57 },
  connect: { x64: 42, arm64: 203 },
  dup3: { x64: 292, arm64: 24 },
  fcntl: { x64: 72, arm64: 25 },
  flock: { x64: 73, arm64: 32 },
  getpid: { x64: 39, arm64: 172 },
  getpeername: { x64: 52, arm64: 205 },
  getsockname: { x64: 51, arm64: 204 },
  getsockopt: { x64: 55, arm64: 209 },
  gettid: { x64: 186, arm64: 178 },
  ioctl: { x64: 16, arm64: 29 },
  kill: { x64: 62, arm64: 129 },
  listen: { x64: 50, arm64: 201 },
  membarrier: { x64: 324, arm64: 283 },
  mmap: { x64: 9, arm64: 222 },
  mount: { x64: 165, arm64: 40 },
  munmap: { x64: 11, arm64: 215 },
  openat: { x64: 257, arm64: 56 },
  perf_event_open: { x64: 298, arm64: 241 },
  pidfd_open: { x64: 434, arm64: 434 },
  read: { x64: 0, arm64: 63 },
  recvfrom: { x64: 45, arm64: 207 },
  recvmsg: { x64: 47, arm64: 212 },
  sendmsg: { x64: 46, arm64: 211 },
  sendto: { x64: 44, arm64: 206 },
  setns: { x64: 308, arm64: 268 },
  setsockopt: { x64: 54, arm64: 208 },
  socket: { x64: 41, arm64: 198 },
  umount2: { x64: 166, arm64: 39 },
  unshare: { x64: 272, arm64: 97 },
  write: { x64: 1, arm64: 64 },
} as const;

/** A system call that the door can make, by the kernel's name. */
export type SyscallName = keyof typeof numbers;

/** Processors whose table is here, as `process.arch` names them. */
export type Architecture = 'x64' | 'arm64';

/** Whether the numbers of this processor are known. */
export function isKnownArchitecture(name: string): name is Architecture {
  return name === 'x64' || name === 'arm64';
}

/** The number of a system call on a processor. */
export function syscallNumber(name: SyscallName, architecture: Architecture): number {
  return numbers[name][architecture];
}
