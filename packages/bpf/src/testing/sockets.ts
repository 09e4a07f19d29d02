/** For the tests of this package: a control group, sockets on loopback. */
import type { TestContext } from 'node:test';
import {
  acceptSocket,
  AddressFamily,
  bindSocket,
  connectSocket,
  createCgroup,
  decodeInternetAddress,
  deleteCgroup,
  encodeInternetAddress,
  type Fd,
  listenSocket,
  openSocket,
  SocketType,
  socketAddress,
} from '@skep/sys';

const loopback = Uint8Array.of(127, 0, 0, 1);

/** 127.0.0.1 at a port, as the kernel takes it. */
export function local(port: number): Uint8Array {
  return encodeInternetAddress({ address: loopback, port });
}

let groups = 0;

/** A new control group; it goes with the test. */
export function newCgroup(context: TestContext): string {
  const path = createCgroup(`skep-trial-${process.pid}-${groups++}`);
  context.after(() => deleteCgroup(path));
  return path;
}

/** A socket that is closed with the test. */
export function newSocket(context: TestContext, type: 'STREAM' | 'DGRAM'): Fd<'socket'> {
  const socket = openSocket(AddressFamily.INET, SocketType[type]);
  context.after(() => socket.close());
  return socket;
}

/** A socket that listens on loopback, and its port. */
export function newListener(context: TestContext): { socket: Fd<'socket'>; port: number } {
  const socket = newSocket(context, 'STREAM');
  bindSocket(socket, local(0));
  listenSocket(socket);
  return { socket, port: portOf(socket) };
}

/** The port that a socket is bound to. */
export function portOf(socket: Fd<'socket'>): number {
  return decodeInternetAddress(socketAddress(socket)).port;
}

/** Two ends of one connection over loopback. */
export function newConnection(context: TestContext): { near: Fd<'socket'>; far: Fd<'socket'> } {
  const { socket, port } = newListener(context);
  const near = newSocket(context, 'STREAM');
  connectSocket(near, local(port));
  const far = acceptSocket(socket)!;
  context.after(() => far.close());
  return { near, far };
}
