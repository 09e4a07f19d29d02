/** Attaching to one socket: what it gets to see, or which of its group gets a packet. */
import { type Fd, setSocketOption, SocketLevel, SocketOption } from '@skep/sys';
import type { Program } from './program.ts';

const { ATTACH_BPF, ATTACH_REUSEPORT_EBPF, DETACH_FILTER } = SocketOption;

/** A program that holds for a socket until it is closed. */
export interface SocketAttachment {
  /** Ends it now. @throws KernelError */
  detach(): void;
}

/**
 * Lets the socket see of each packet only as many bytes as the program says; takes the place of the
 * filter before.
 *
 * @throws KernelError: EINVAL for a program of another kind
 * @since Linux 3.19
 */
export function attachSocketFilter(program: Program, socket: Fd<'socket'>): SocketAttachment {
  setSocketOption(socket, SocketLevel.SOCKET, ATTACH_BPF, program.fd.number);
  return { detach: () => setSocketOption(socket, SocketLevel.SOCKET, DETACH_FILTER, 0) };
}

/**
 * Lets the program choose among the sockets of the group that `socket` is in (SO_REUSEPORT); takes
 * the place of the program before, and ends with the group.
 *
 * @throws KernelError: EINVAL for a socket without SO_REUSEPORT, or a program of another kind
 * @since Linux 4.19
 */
export function attachReuseport(program: Program, socket: Fd<'socket'>): void {
  setSocketOption(socket, SocketLevel.SOCKET, ATTACH_REUSEPORT_EBPF, program.fd.number);
}
