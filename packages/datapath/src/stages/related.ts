/**
 * ICMP errors that speak of a flow: one passes when the flow that it quotes passes; otherwise
 * policy decides it like any other message.
 *
 * @source RFC 792, RFC 4443 section 2.4, RFC 5508 section 4.2
 */
import { jiffies, type TcContext } from '@skep/ebpf';
import { ConnectionFlag, Hook } from '@skep/contract';
import type { Connection } from '@skep/contract';
import { connections, packets } from '../maps.ts';
import { Outcome } from '../packet.ts';
import type { Packet, Step } from '../packet.ts';
import { isCurrent, isOver, onItsWay, orient } from './conntrack.ts';
import { findNewcomer } from './newcomers.ts';
import { isError, readQuoted } from './quoted.ts';

/** `Outcome.Next` where the packet is no error, or the flow that it quotes is not known to pass. */
export function relate(ctx: TcContext, packet: Packet): Step {
  if (!isError(packet)) return Outcome.Next;
  const quoted = packets.lookup(1);
  if (!quoted) return Outcome.Next;
  // The error goes to the end that sent what it quotes.
  if (!readQuoted(ctx, packet, quoted)) return Outcome.Next;
  if (quoted.source.lower !== packet.destination.lower) return Outcome.Next;
  if (quoted.source.upper !== packet.destination.upper) return Outcome.Next;
  // A router on the way may tell of it, too; an endpoint is none, whatever it knows of others.
  if (packet.hook === Hook.FromEndpoint) {
    if (quoted.destination.lower !== packet.source.lower) return Outcome.Next;
    if (quoted.destination.upper !== packet.source.upper) return Outcome.Next;
  }
  orient(quoted);
  const connection = connections.lookup(quoted.tuple) ?? findNewcomer(quoted);
  if (!connection || !isCurrent(connection)) return Outcome.Next;
  if (connection.flags & ConnectionFlag.Denied) return Outcome.Next;
  if (isOver(quoted.protocol, connection, jiffies() & 0xffff_ffff)) return Outcome.Next;
  return target(packet, quoted, connection);
}

/** To the end that the quoted packet came from. */
function target(packet: Packet, quoted: Packet, connection: Connection): Step {
  const isFromInitiator =
    ((connection.flags & ConnectionFlag.InitiatorIsFirst) !== 0) === (quoted.isSourceFirst !== 0);
  packet.isReply = isFromInitiator ? 1 : 0;
  packet.targetEndpoint = isFromInitiator ? connection.egressEndpoint : connection.ingressEndpoint;
  return onItsWay(packet, connection.flags);
}
