/** Sockets of any family, also those that node has no module for, and options before `bind`. */
import { Errno } from './abi/errno.ts';
import { MessageFlag, SocketType } from './abi/socket.ts';
import { Fd } from './descriptor.ts';
import { syscall, syscallResult } from './door.ts';
import { checkS32, checkU32 } from './integers.ts';
import { KernelError } from './kernel-error.ts';

/**
 * A socket in the network namespace that the calling thread is in, closed on exec.
 *
 * @param family AF_* of `AddressFamily`
 * @param type SOCK_* of `SocketType`
 */
export function openSocket(family: number, type: number, protocol = 0): Fd<'socket'> {
  const registers = [checkU32(family, 'address family'), type | SocketType.CLOEXEC, protocol];
  const subject = `family ${family} protocol ${protocol}`;
  return new Fd('socket', syscall('socket', registers, { operation: 'open socket', subject }));
}

/** Binds a socket to `struct sockaddr_*` as bytes. @throws KernelError */
export function bindSocket(socket: Fd<'socket'>, address: Uint8Array): void {
  syscall('bind', [socket.number, address, address.length], { operation: 'bind socket' });
}

/** Connects a socket to `struct sockaddr_*` as bytes. @throws KernelError */
export function connectSocket(socket: Fd<'socket'>, address: Uint8Array): void {
  syscall('connect', [socket.number, address, address.length], { operation: 'connect socket' });
}

/** The `struct sockaddr_*` that the socket is bound to, at most 128 bytes. @throws KernelError */
export function socketAddress(socket: Fd<'socket'>): Uint8Array {
  const address = new Uint8Array(128);
  const length = new Uint32Array([address.length]);
  const options = { operation: 'read socket address' };
  syscall('getsockname', [socket.number, address, length], options);
  return address.subarray(0, length[0]);
}

/** The `struct sockaddr_*` of the other end, at most 128 bytes. @throws KernelError */
export function peerAddress(socket: Fd<'socket'>): Uint8Array {
  const address = new Uint8Array(128);
  const length = new Uint32Array([address.length]);
  const options = { operation: 'read peer address' };
  syscall('getpeername', [socket.number, address, length], options);
  return address.subarray(0, length[0]);
}

/** Lets a bound socket take connections, as many waiting as `backlog`. @throws KernelError */
export function listenSocket(socket: Fd<'socket'>, backlog = 16): void {
  syscall('listen', [socket.number, backlog], { operation: 'listen on socket' });
}

/**
 * The next connection that waits at a listening socket; blocks until there is one, unless the
 * socket does not block.
 *
 * @returns `undefined` when a non-blocking socket has none
 * @throws KernelError
 */
export function acceptSocket(socket: Fd<'socket'>): Fd<'socket'> | undefined {
  const flags = SocketType.CLOEXEC;
  const result = Number(syscallResult('accept4', socket.number, null, null, flags));
  if (result >= 0) return new Fd('socket', result);
  if (result === -Errno.EAGAIN) return undefined;
  throw new KernelError('accept connection', -result);
}

/** Sets an option; a number stands for a C `int`. @throws KernelError */
export function setSocketOption(
  socket: Fd<'socket'>,
  level: number,
  option: number,
  value: number | Uint8Array,
): void {
  const bytes =
    typeof value === 'number' ? new Int32Array([checkS32(value, 'option value')]) : value;
  const registers = [socket.number, level, option, bytes, bytes.byteLength];
  const subject = `level ${level} option ${option}`;
  syscall('setsockopt', registers, { operation: 'set socket option', subject });
}

/** Reads an option into `size` bytes; gives as many as the kernel wrote. @throws KernelError */
export function getSocketOption(
  socket: Fd<'socket'>,
  level: number,
  option: number,
  size = 4,
): Uint8Array {
  const value = new Uint8Array(size);
  const length = new Uint32Array([size]);
  const subject = `level ${level} option ${option}`;
  const options = { operation: 'read socket option', subject };
  syscall('getsockopt', [socket.number, level, option, value, length], options);
  return value.subarray(0, length[0]);
}

/**
 * Sends one datagram.
 *
 * @param address `struct sockaddr_*`; absent for a connected or netlink socket
 * @returns the number of bytes sent
 * @throws KernelError, also EAGAIN when a non-blocking socket has no room
 */
export function sendBytes(
  socket: Fd<'socket'>,
  bytes: Uint8Array,
  address: Uint8Array | null = null,
  flags = 0,
): number {
  const registers = [socket.number, bytes, bytes.length, flags | MessageFlag.NOSIGNAL];
  const where = [address, address === null ? 0 : address.length];
  return syscall('sendto', [...registers, ...where], { operation: 'send on socket' });
}

/** One datagram and the `struct sockaddr_*` that it came from. @throws KernelError */
export function receiveFrom(
  socket: Fd<'socket'>,
  bytes: Uint8Array,
): { readonly length: number; readonly address: Uint8Array } {
  const address = new Uint8Array(128);
  const size = new Uint32Array([address.length]);
  const registers = [socket.number, bytes, bytes.length, 0, address, size];
  const length = syscall('recvfrom', registers, { operation: 'receive on socket' });
  return { length, address: address.subarray(0, size[0]) };
}

/**
 * Receives one datagram into `bytes`.
 *
 * @returns its length, which with `MessageFlag.TRUNC` may be more than fits; `undefined` when a
 *   non-blocking socket has none
 * @throws KernelError
 */
export function receiveBytes(
  socket: Fd<'socket'>,
  bytes: Uint8Array,
  flags = 0,
): number | undefined {
  for (;;) {
    const result = Number(
      syscallResult('recvfrom', socket.number, bytes, bytes.length, flags, null, null),
    );
    if (result >= 0) return result;
    if (result === -Errno.EAGAIN) return undefined;
    if (result !== -Errno.EINTR) throw new KernelError('receive on socket', -result);
  }
}
