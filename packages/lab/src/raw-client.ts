/**
 * Clients of protocols that node has no module for: ICMP echo by the kernel's ping sockets, and
 * streams such as SCTP's. Neither ever blocks the process that other clients live in.
 */
import {
  connectSocket,
  bindSocket,
  errnoName,
  type Fd,
  getSocketOption,
  KernelError,
  openSocket,
  receiveBytes,
  sendBytes,
  SocketLevel,
  SocketOption,
  SocketType,
  watchReadable,
} from '@skep/sys';
import { Icmpv6Type, IcmpType, IpProtocol, parseAddress } from '@skep/wire';
import { addressFamilyOf, socketAddressOf } from './socket-address.ts';
import type { ProbeOutcome, ProbeTarget } from './workload-protocol.ts';

const ANSWER_BYTES_MAX = 2048;

/**
 * Asks for an echo. The kernel fills in identifier and checksum, and hands over only answers to
 * this socket.
 *
 * @source Documentation/networking/ip-sysctl.rst, ping_group_range
 */
export function probeEcho(target: ProbeTarget): Promise<ProbeOutcome> {
  const isIpv4 = parseAddress(target.address).family === 4;
  const protocol = isIpv4 ? IpProtocol.ICMP : IpProtocol.ICMPv6;
  const [request, reply] = isIpv4
    ? [IcmpType.EchoRequest, IcmpType.EchoReply]
    : [Icmpv6Type.EchoRequest, Icmpv6Type.EchoReply];
  const socket = openClient(SocketType.DGRAM, protocol, target);
  return converse(socket, target, {
    begin: () => {
      connectSocket(socket, socketAddressOf(target.address, 0));
      sendBytes(socket, Uint8Array.of(request, 0, 0, 0, 0, 0, 0, 1, ...Buffer.from('skep')));
    },
    isAnswer: (bytes) => bytes[0] === reply,
  });
}

/** Opens a stream and waits for the word that the server says first. */
export function probeStream(target: ProbeTarget, protocol: number): Promise<ProbeOutcome> {
  const socket = openClient(SocketType.STREAM, protocol, target);
  return converse(socket, target, {
    begin: () => {
      try {
        connectSocket(socket, socketAddressOf(target.address, target.port));
      } catch (error) {
        if (!(error instanceof KernelError) || error.errnoName !== 'EINPROGRESS') throw error;
      }
    },
    isAnswer: () => true,
  });
}

/** How an error of this name ends a probe: a refusal is an answer of the other end's stack. */
export function outcomeOfError(name: string | undefined): ProbeOutcome {
  if (name === 'ECONNREFUSED') return 'refused';
  return name === 'ENETUNREACH' || name === 'EHOSTUNREACH' ? 'unreachable' : 'silent';
}

function openClient(type: number, protocol: number, target: ProbeTarget): Fd<'socket'> {
  const family = addressFamilyOf(parseAddress(target.address));
  const socket = openSocket(family, type | SocketType.NONBLOCK, protocol);
  try {
    if (target.source) bindSocket(socket, socketAddressOf(target.source, 0));
    return socket;
  } catch (error) {
    socket.close();
    throw error;
  }
}

interface Conversation {
  readonly begin: () => void;
  readonly isAnswer: (bytes: Uint8Array) => boolean;
}

/** Begins, then waits until an answer, an error, or the end of its time; closes the socket. */
async function converse(
  socket: Fd<'socket'>,
  { timeoutMilliseconds }: ProbeTarget,
  { begin, isAnswer }: Conversation,
): Promise<ProbeOutcome> {
  const bytes = new Uint8Array(ANSWER_BYTES_MAX);
  const wait = (settle: (outcome: ProbeOutcome) => void) => {
    const fail = (error: unknown): void => {
      settle(outcomeOfError(error instanceof KernelError ? error.errnoName : pendingError(socket)));
    };
    const read = (): void => {
      const length = receiveBytes(socket, bytes);
      if (length !== undefined && isAnswer(bytes.subarray(0, length))) settle('answered');
    };
    return watchReadable(socket, read, fail);
  };
  let end = (): void => {};
  try {
    begin();
    return await new Promise<ProbeOutcome>((resolve) => {
      const watch = wait(resolve);
      const timer = setTimeout(() => resolve('silent'), timeoutMilliseconds);
      end = () => {
        clearTimeout(timer);
        watch.close();
      };
    });
  } catch (error) {
    if (error instanceof KernelError) return outcomeOfError(error.errnoName);
    throw error;
  } finally {
    end();
    socket.close();
  }
}

/** The name of the error that the kernel keeps for whoever asks. */
function pendingError(socket: Fd<'socket'>): string {
  const value = getSocketOption(socket, SocketLevel.SOCKET, SocketOption.ERROR);
  return errnoName(new DataView(value.buffer).getInt32(0, true));
}
