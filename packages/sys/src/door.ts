/**
 * The one door to the kernel: every system call of the project is made here, by FFI. Nothing else
 * in the project imports the FFI library; a test guards that.
 *
 * The library is loaded at the first call, so that importing this package is safe on any system.
 */
import { createRequire } from 'node:module';
import type koffi from 'koffi';
import { type Architecture, isKnownArchitecture, syscallNumber } from './abi/syscalls.ts';
import type { SyscallName } from './abi/syscalls.ts';
import { KernelError, type KernelErrorOptions, UnsupportedPlatformError } from './kernel-error.ts';

/** Memory that the kernel may read or write during the call. */
export type Memory = ArrayBufferView | ArrayBuffer;

/** One register: an integer, the address of memory, or `null` for address 0. */
export type SyscallArgument = number | bigint | Memory | null;

type Ffi = typeof koffi;

interface Door {
  readonly ffi: Ffi;
  readonly architecture: Architecture;
  /** Six registers as they come. */
  readonly call: (number: number, ...registers: SyscallArgument[]) => number | bigint;
  /** The short form of bpf(2), the one call on a hot path. */
  readonly bpf: (number: number, command: number, attribute: Memory, size: number) => number;
}

let door: Door | undefined;
/** The last call's memory stays reachable here, so that it cannot be collected during the call. */
const retained: { memory?: readonly SyscallArgument[] | Memory } = {};

function openDoor(): Door {
  if (process.platform !== 'linux' || !isKnownArchitecture(process.arch)) {
    const found = `${process.platform} on ${process.arch}`;
    throw new UnsupportedPlatformError(found, 'linux on x64 or arm64');
  }
  const ffi = loadFfi();
  const libc = ffi.load(null);
  const registers = 'void *a, void *b, void *c, void *d, void *e, void *f';
  door = {
    ffi,
    architecture: process.arch,
    call: libc.func(`long syscall(long number, ${registers})`),
    bpf: libc.func('long syscall(long number, long command, void *attribute, uint size)'),
  };
  return door;
}

function loadFfi(): Ffi {
  try {
    return createRequire(import.meta.url)('koffi') as Ffi;
  } catch (cause) {
    const expected = 'its prebuilt part for this system (npm ci installs it)';
    throw new UnsupportedPlatformError('koffi not loadable', expected, cause);
  }
}

/**
 * The FFI library itself, for this package only: memory mappings and readiness need more than
 * calls.
 */
export function openFfi(): Ffi {
  return (door ?? openDoor()).ffi;
}

/**
 * Makes a system call and gives the kernel's own answer: the result, or a negative errno.
 *
 * @throws TypeError when an integer is not one, since the FFI library would cut it silently.
 */
export function syscallResult(
  name: SyscallName,
  ...registers: readonly SyscallArgument[]
): number | bigint {
  const { call, ffi, architecture } = door ?? openDoor();
  for (const register of registers) {
    if (typeof register === 'number' && !Number.isSafeInteger(register)) {
      throw new TypeError(`${name} argument ${register}: expected an integer`);
    }
  }
  const [a = 0, b = 0, c = 0, d = 0, e = 0, f = 0] = registers;
  retained.memory = registers;
  const result = call(syscallNumber(name, architecture), a, b, c, d, e, f);
  // errno belongs to the thread: nothing may run between the call and this line.
  return result === -1 ? -ffi.errno() : result;
}

/**
 * Makes a system call.
 *
 * @param operation what the call does, in the words that an error will show; `name` where absent
 * @returns the result, such as a descriptor or a number of bytes
 * @throws KernelError when the kernel refuses
 */
export function syscall(
  name: SyscallName,
  registers: readonly SyscallArgument[],
  options: KernelErrorOptions & { readonly operation?: string } = {},
): number {
  const result = Number(syscallResult(name, ...registers));
  if (result < 0) throw new KernelError(options.operation ?? name, -result, options);
  return result;
}

/**
 * bpf(2): the result, or a negative errno. About 2 us with an attribute that is reused.
 *
 * @param command BPF_* of `BpfCommand`
 * @param attribute `union bpf_attr`, as long as the command's part of it
 */
export function bpfResult(command: number, attribute: Uint8Array): number {
  const { bpf, ffi, architecture } = door ?? openDoor();
  retained.memory = attribute;
  const result = bpf(syscallNumber('bpf', architecture), command, attribute, attribute.byteLength);
  return result === -1 ? -ffi.errno() : result;
}

/**
 * The address of memory, to be put into a structure that the kernel reads. It stays right for as
 * long as the memory is reachable: keep a reference until the call has ended.
 */
export function addressOf(memory: Memory): bigint {
  const { ffi } = door ?? openDoor();
  if (memory.byteLength === 0) return 0n;
  return ffi.address(memory);
}
