/**
 * Two network namespaces with a wire between them, for an example to send frames over. They have no
 * names and end with the process, so that nothing stays behind and the machine's own network is not
 * touched.
 */
import { setTimeout } from 'node:timers/promises';
import { Network } from '@skep/netlink';
import {
  AddressFamily,
  bindSocket,
  type Fd,
  inNetworkNamespace,
  inNewNetworkNamespace,
  openOwnNetworkNamespace,
  openSocket,
  receiveBytes,
  SocketType,
  sendBytes,
} from '@skep/sys';

/** Waits for this many milliseconds. */
export async function wait(milliseconds: number): Promise<void> {
  await setTimeout(milliseconds);
}

/** Longer than any frame of these examples. */
const FRAME_LENGTH_MAX = 2048;

/** Addresses of a frame to whoever listens at the right end; no neighbour discovery is needed. */
export const toRight = {
  sourceMac: '02:00:00:00:00:01',
  destinationMac: 'ff:ff:ff:ff:ff:ff',
  source: '10.0.0.1',
  destination: '10.0.0.2',
} as const;

/** One end: a namespace, its link, and a socket that sends and receives whole frames. */
export class End {
  readonly network = new Network(inNewNetworkNamespace(() => openOwnNetworkNamespace()));
  #socket: Fd<'socket'> | undefined;

  constructor() {
    // The kernel's own neighbour discovery would mix with the frames of the example.
    this.network.settings.writeLink(6, 'default', 'disable_ipv6', 1);
  }

  /** Index of the link in this namespace. */
  get ifindex(): number {
    return this.network.links.get('wire').index;
  }

  /** Runs `task` in the namespace: attaching a program means the link of this end only there. */
  inside<T>(task: () => T): T {
    return inNetworkNamespace(this.network.namespace, task);
  }

  /** Switches the link on and starts to receive. */
  open(): void {
    this.network.links.set('wire', { isUp: true });
    this.#socket = this.inside(() => openPacketSocket(this.ifindex));
  }

  /** Sends one Ethernet frame, as it is, to the other end. @throws KernelError */
  send(frame: Uint8Array): void {
    sendBytes(this.#socket!, frame);
  }

  /** The frames that have arrived since the last call, after a moment for those under way. */
  async received(): Promise<Uint8Array[]> {
    await wait(50);
    const frames: Uint8Array[] = [];
    const buffer = new Uint8Array(FRAME_LENGTH_MAX);
    for (;;) {
      const length = receiveBytes(this.#socket!, buffer);
      if (length === undefined) return frames;
      frames.push(buffer.slice(0, length));
    }
  }
}

/** Makes the two ends and the wire. Needs root. */
export function makePair(): { left: End; right: End } {
  const left = new End();
  const right = new End();
  const namespaceFd = right.network.namespace.number;
  left.network.links.createVeth({ name: 'wire', peer: { name: 'wire', namespaceFd } });
  left.open();
  right.open();
  return { left, right };
}

/** Ethernet protocol "all", in network byte order. @source include/uapi/linux/if_ether.h */
const ALL_PROTOCOLS = 0x0300;

/** @source struct sockaddr_ll, include/uapi/linux/if_packet.h */
function openPacketSocket(ifindex: number): Fd<'socket'> {
  const type = SocketType.RAW | SocketType.NONBLOCK;
  const socket = openSocket(AddressFamily.PACKET, type, ALL_PROTOCOLS);
  const address = new DataView(new ArrayBuffer(20));
  address.setUint16(0, AddressFamily.PACKET, true);
  address.setUint16(2, ALL_PROTOCOLS, true);
  address.setInt32(4, ifindex, true);
  bindSocket(socket, new Uint8Array(address.buffer));
  return socket;
}
