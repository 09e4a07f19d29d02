/** Whole frames of one interface, past the IP stack. @source packet(7), net/packet/af_packet.c */
import { AddressFamily, PacketOption, SocketLevel, SocketType } from './abi/socket.ts';
import type { Fd } from './descriptor.ts';
import { checkInteger, checkU32 } from './integers.ts';
import { bindSocket, openSocket, receiveBytes, sendBytes, setSocketOption } from './socket.ts';

/** Every ether type, before traffic control has seen the frame; ETH_P_ALL. */
export const EVERY_ETHER_TYPE = 3;
/** More than any frame: what segmentation offload hands over as one. */
const FRAME_BYTES_MAX = 1 << 16;
const arrived = new Uint8Array(FRAME_BYTES_MAX);

/**
 * Opens a socket on an interface of the calling thread's network namespace. It receives what
 * arrives at the interface, never what is sent there. A frame whose ether type is asked for by
 * number has passed ingress traffic control; those of `EVERY_ETHER_TYPE` have not met it yet.
 *
 * @param etherType 0 receives nothing: the socket only sends
 * @throws KernelError
 */
export function openPacketSocket(interfaceIndex: number, etherType = 0): Fd<'socket'> {
  const socket = openSocket(
    AddressFamily.PACKET,
    SocketType.RAW | SocketType.NONBLOCK,
    // Nothing until it is bound: no frame of another interface gets in.
    0,
  );
  try {
    setSocketOption(socket, SocketLevel.PACKET, PacketOption.IGNORE_OUTGOING, 1);
    bindSocket(socket, linkLayerAddress(interfaceIndex, etherType));
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}

/** Sends a frame, from its link header on, out of the socket's interface. @throws KernelError */
export function sendFrame(socket: Fd<'socket'>, frame: Uint8Array): void {
  sendBytes(socket, frame);
}

/** The next frame that has arrived; `undefined` where none has. @throws KernelError */
export function receiveFrame(socket: Fd<'socket'>): Uint8Array | undefined {
  const length = receiveBytes(socket, arrived);
  return length === undefined ? undefined : arrived.slice(0, length);
}

/** `struct sockaddr_ll` as bytes. @source include/uapi/linux/if_packet.h */
export function linkLayerAddress(interfaceIndex: number, etherType = 0): Uint8Array {
  const bytes = new Uint8Array(20);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, AddressFamily.PACKET, true);
  view.setUint16(2, checkInteger(etherType, 'ether type', 0, 0xffff));
  view.setUint32(4, checkU32(interfaceIndex, 'interface index'), true);
  return bytes;
}
