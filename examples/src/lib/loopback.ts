/**
 * A network namespace with loopback only, and a control group, for an example to open sockets in.
 * Both end with the process; nothing of the machine's own network is touched.
 */
import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Network } from '@skep/netlink';
import {
  acceptSocket,
  AddressFamily,
  bindSocket,
  connectSocket,
  createCgroup,
  deleteCgroup,
  type Fd,
  inCgroup,
  inNetworkNamespace,
  inNewNetworkNamespace,
  listenSocket,
  openOwnNetworkNamespace,
  openSocket,
  SocketType,
} from '@skep/sys';
import { encode, Talker } from './talker.ts';

const NAME = 'skep-example-';

/** A control group that goes with the process; those of examples that were killed go now. */
function makeGroup(): string {
  const path = createCgroup(`${NAME}${process.pid}`);
  process.on('exit', () => deleteCgroup(path));
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));
  for (const name of readdirSync(dirname(path))) {
    const isLeft = name.startsWith(NAME) && !existsSync(`/proc/${name.slice(NAME.length)}`);
    if (isLeft) deleteCgroup(join(dirname(path), name));
  }
  return path;
}

/** The namespace and the group. */
export class Loopback {
  readonly network = new Network(inNewNetworkNamespace(() => openOwnNetworkNamespace()));
  /** The directory of the control group. */
  readonly group = makeGroup();

  constructor() {
    this.network.links.set('lo', { isUp: true });
  }

  /** Runs `task` in the namespace and in the group: sockets that it makes belong there. */
  inside<T>(task: () => T): T {
    return inNetworkNamespace(this.network.namespace, () => inCgroup(this.group, task));
  }

  /** A socket that listens; `accept` gives the next connection that waits at it. */
  listen(at: string): { readonly socket: Fd<'socket'>; readonly accept: () => Talker | undefined } {
    const socket = this.inside(() => openSocket(AddressFamily.INET, stream));
    bindSocket(socket, encode(at));
    listenSocket(socket);
    return {
      socket,
      accept: () => {
        const accepted = acceptSocket(socket);
        return accepted && new Talker(accepted);
      },
    };
  }

  /** A connection. @throws KernelError */
  connect(to: string): Talker {
    const socket = this.inside(() => openSocket(AddressFamily.INET, SocketType.STREAM));
    this.inside(() => connectSocket(socket, encode(to)));
    return new Talker(socket);
  }

  /** A socket for datagrams, bound to an address. */
  datagrams(at: string, prepare: (socket: Fd<'socket'>) => void = () => undefined): Talker {
    const socket = this.inside(() => openSocket(AddressFamily.INET, SocketType.DGRAM));
    prepare(socket);
    bindSocket(socket, encode(at));
    return new Talker(socket);
  }
}

const stream = SocketType.STREAM | SocketType.NONBLOCK;
