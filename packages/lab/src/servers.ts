/** What answers inside an endpoint, over IPv4 and IPv6. */
import { createSocket } from 'node:dgram';
import { createServer as createHttpServer } from 'node:http';
import { createServer, type ListenOptions, type Server } from 'node:net';
import { AddressFamily, bindSocket, openSocket, SocketType } from '@skep/sys';
import { IpProtocol } from '@skep/wire';
import { socketAddressOf } from './socket-address.ts';
import type { WorkloadServer } from './workload-protocol.ts';

/** Returns when it listens. */
export async function serve({ kind, port, name = kind }: WorkloadServer): Promise<void> {
  switch (kind) {
    case 'udp':
      await echoDatagrams(port);
      break;
    case 'http':
      await listen(
        createHttpServer((_request, response) => response.end(`${name}\n`)),
        { port, host: '::' },
      );
      break;
    case 'tcp':
      await listen(
        createServer((socket) => socket.on('error', () => {}).pipe(socket)),
        { port, host: '::' },
      );
      break;
    case 'sctp':
      await serveStream(port, IpProtocol.SCTP);
  }
}

/**
 * A stream of a protocol that node has no name for: a socket of this process that node listens on.
 * It speaks first, so that who waits for the connection has only to read.
 */
export function serveStream(port: number, protocol: number): Promise<Server> {
  const socket = openSocket(AddressFamily.INET6, SocketType.STREAM | SocketType.NONBLOCK, protocol);
  bindSocket(socket, socketAddressOf('::', port));
  const server = createServer((peer) => peer.on('error', () => {}).end('skep\n'));
  return listen(server, { fd: socket.release() });
}

function echoDatagrams(port: number): Promise<void> {
  const socket = createSocket({ type: 'udp6', ipv6Only: false });
  socket.on('message', (bytes, sender) => socket.send(bytes, sender.port, sender.address));
  return new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.bind(port, '::', () => resolve());
  });
}

function listen(server: Server, where: ListenOptions & { fd?: number }): Promise<Server> {
  return new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(where, () => resolve(server));
  });
}
