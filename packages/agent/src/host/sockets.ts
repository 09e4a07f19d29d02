/**
 * What the node talks about already: the kernel's lists of sockets.
 *
 * @source Documentation/networking/proc_net_tcp.rst
 */
import { readFileSync } from 'node:fs';
import { type Fd, inNetworkNamespace } from '@skep/sys';
import { type Address, isMappedAddress, IpProtocol } from '@skep/wire';

/** An open flow of the node itself. */
export interface NodeFlow {
  readonly protocol: IpProtocol.TCP | IpProtocol.UDP;
  readonly local: Address;
  readonly localPort: number;
  readonly remote: Address;
  readonly remotePort: number;
  /** Whether the other end has begun it. */
  readonly isIncoming: boolean;
}

/** States of sockets. @source include/net/tcp_states.h */
enum State {
  SynReceived = 3,
  TimeWait = 6,
  Closed = 7,
  Listening = 10,
}

const FILES = [
  ['tcp', IpProtocol.TCP],
  ['tcp6', IpProtocol.TCP],
  ['udp', IpProtocol.UDP],
  ['udp6', IpProtocol.UDP],
] as const;
const LOOPBACK_BYTE = 127;

/** Of one network namespace, loopback left out. */
export function nodeFlows(namespace: Fd<'namespace'>): NodeFlow[] {
  return inNetworkNamespace(namespace, () =>
    flowsOf(FILES.map(([name, protocol]) => ({ protocol, text: read(name) }))),
  );
}

/** A kernel without IPv6 has no list of it. */
function read(name: string): string {
  try {
    return readFileSync(`/proc/thread-self/net/${name}`, 'utf8');
  } catch {
    return '';
  }
}

/** The flows that lists tell of. A port that somebody listens at is one that others begin at. */
export function flowsOf(
  lists: readonly { readonly protocol: NodeFlow['protocol']; readonly text: string }[],
): NodeFlow[] {
  const sockets = lists.flatMap(({ protocol, text }) => {
    return text
      .split('\n')
      .slice(1)
      .flatMap(readLine)
      .map((each) => ({ ...each, protocol }));
  });
  const listening = new Set(
    sockets
      .filter(({ protocol, state }) => protocol === IpProtocol.TCP && state === State.Listening)
      .map(({ localPort }) => localPort),
  );
  return sockets.flatMap(({ state, ...socket }): NodeFlow[] => {
    const isOver = state === State.TimeWait || state === State.Closed || state === State.Listening;
    const isTcp = socket.protocol === IpProtocol.TCP;
    if (socket.remotePort === 0 || isLoopback(socket.remote) || (isTcp && isOver)) return [];
    const isAsked = state === State.SynReceived || listening.has(socket.localPort);
    return [{ ...socket, isIncoming: isTcp && isAsked }];
  });
}

type Socket = Omit<NodeFlow, 'isIncoming' | 'protocol'> & { readonly state: number };

/** `  0: 0100007F:0016 00000000:0000 0A ...`: addresses in words as they lie in memory. */
function readLine(line: string): Socket[] {
  const match =
    /^\s*\d+: ([0-9A-F]{8,32}):([0-9A-F]{4}) ([0-9A-F]{8,32}):([0-9A-F]{4}) ([0-9A-F]{2}) /.exec(
      line,
    );
  if (!match) return [];
  const [, local, localPort, remote, remotePort, state] = match as unknown as string[];
  return [
    {
      local: readAddress(local!),
      localPort: Number.parseInt(localPort!, 16),
      remote: readAddress(remote!),
      remotePort: Number.parseInt(remotePort!, 16),
      state: Number.parseInt(state!, 16),
    },
  ];
}

/** An IPv4 address in an IPv6 socket is one of IPv4. */
function readAddress(text: string): Address {
  const words = text.match(/.{8}/g)!;
  const bytes = Uint8Array.from(words.flatMap((word) => [...Buffer.from(word, 'hex').reverse()]));
  const address: Address = { family: bytes.length === 4 ? 4 : 6, bytes };
  return isMappedAddress(address) ? { family: 4, bytes: bytes.slice(12) } : address;
}

function isLoopback({ family, bytes }: Address): boolean {
  if (family === 4) return bytes[0] === LOOPBACK_BYTE;
  return bytes.subarray(0, 15).every((byte) => byte === 0);
}
