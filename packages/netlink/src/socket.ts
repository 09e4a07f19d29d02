/**
 * The netlink socket: carries requests to the kernel and its answers back, without ever waiting.
 */
import {
  AddressFamily,
  bindSocket,
  Errno,
  type Fd,
  getSocketOption,
  inNetworkNamespace,
  MessageFlag,
  openSocket,
  receiveBytes,
  SocketLevel,
  SocketOption,
  SocketType,
  sendBytes,
  setSocketOption,
} from '@skep/sys';
import { NETLINK } from './abi.ts';
import { LITTLE_ENDIAN, viewOf } from './attributes.ts';
import type { Channel } from './exchange.ts';
import { MalformedMessageError, NetlinkError } from './netlink-error.ts';

/**
 * A network namespace: its path, such as `/run/netns/NAME`, or an open descriptor; the caller's own
 * where absent.
 */
export type NamespaceReference = string | Fd<'namespace'> | undefined;

/**
 * No datagram is longer: the kernel fills at most 32 KiB of a dump, and makes larger answers fit
 * one.
 */
const BUFFER_LENGTH = 256 * 1024;

/** Shared by all sockets: what is received is copied out before anybody else can receive. */
let buffer: Uint8Array | undefined;

/**
 * A netlink socket. It belongs for good to the namespace it was opened in, wherever the thread
 * goes later.
 */
export class NetlinkSocket implements Channel {
  /** For readiness callbacks; do not close it. */
  readonly fd: Fd<'socket'>;

  /**
   * @param groups multicast groups (`RTNLGRP_*`) whose events it receives.
   * @param protocol whom it talks to (`NETLINK_*`): rtnetlink where absent.
   * @throws KernelError where the namespace cannot be entered.
   */
  constructor(
    namespace: NamespaceReference,
    groups: readonly number[] = [],
    protocol: number = NETLINK.ROUTE,
  ) {
    const open = () => openSocket(AddressFamily.NETLINK, SOCKET_TYPE, protocol);
    this.fd = namespace === undefined ? open() : inNetworkNamespace(namespace, open);
    try {
      this.#prepare(groups);
    } catch (error) {
      this.fd.close();
      throw error;
    }
  }

  /** @throws KernelError */
  send(datagram: Uint8Array): void {
    sendBytes(this.fd, datagram);
  }

  /**
   * The next datagram. The kernel answers during `send`, and continues a dump during each
   * `receive`: there is nothing to wait for.
   *
   * @throws NetlinkError `EAGAIN` where nothing is there; KernelError `ENOBUFS` where events were
   * lost.
   */
  receive(): Uint8Array {
    const datagram = this.receiveIfAny();
    if (datagram) return datagram;
    const intent = { operation: 'receive', subject: 'answer' };
    throw new NetlinkError(intent, Errno.EAGAIN, 'kernel sent no answer');
  }

  /** As {@link receive}, but undefined where nothing is there. */
  receiveIfAny(): Uint8Array | undefined {
    buffer ??= new Uint8Array(BUFFER_LENGTH);
    const length = receiveBytes(this.fd, buffer, MessageFlag.TRUNC);
    if (length === undefined) return undefined;
    if (length > buffer.length) {
      throw new MalformedMessageError('datagram', `${length} bytes`, `at most ${buffer.length}`);
    }
    return buffer.slice(0, length);
  }

  /** The error number that the socket has, 0 for none, and clears it. @throws KernelError */
  takeError(): number {
    const value = getSocketOption(this.fd, SocketLevel.SOCKET, SocketOption.ERROR);
    return viewOf(value).getInt32(0, LITTLE_ENDIAN);
  }

  close(): void {
    this.fd.close();
  }

  #prepare(groups: readonly number[]): void {
    const set = (option: number, value: number) =>
      setSocketOption(this.fd, SocketLevel.NETLINK, option, value);
    // Refusals then come with a sentence, without a copy of the request...
    set(NETLINK.EXT_ACK, 1);
    set(NETLINK.CAP_ACK, 1);
    // ...and dumps honour filters, or say that they cannot, where they would ignore them silently.
    set(NETLINK.GET_STRICT_CHK, 1);
    bindSocket(this.fd, anyPort());
    for (const group of groups) set(NETLINK.ADD_MEMBERSHIP, group);
  }
}

const SOCKET_TYPE = SocketType.RAW | SocketType.NONBLOCK;

/**
 * `struct sockaddr_nl` that lets the kernel choose the port.
 *
 * @source include/uapi/linux/netlink.h
 */
function anyPort(): Uint8Array {
  const address = new Uint8Array(12);
  new Uint16Array(address.buffer)[0] = AddressFamily.NETLINK;
  return address;
}
