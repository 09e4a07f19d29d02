/**
 * Fragments: only the first one carries ports, so they are remembered for the others. A fragment
 * that comes before the first is dropped: nothing is let through on what is not known.
 *
 * @source RFC 791 section 3.2, RFC 8200 section 4.5
 */
import { DropReason, FragmentKey } from '@skep/contract';
import { fragments } from '../maps.ts';
import { Outcome } from '../packet.ts';
import type { Packet, Step } from '../packet.ts';

/** Gives a later fragment the ports of the first, and remembers those of a first one. */
export function joinFragments(packet: Packet): Step {
  if (!packet.isFragment) return Outcome.Next;
  const key = new FragmentKey({
    source: packet.source,
    destination: packet.destination,
    identification: packet.identification,
    protocol: packet.family === 4 ? packet.protocol : 0,
  });
  if (packet.isLaterFragment) {
    const ports = fragments.lookup(key);
    if (!ports) return DropReason.FirstFragmentNotFound;
    packet.sourcePort = ports.source;
    packet.destinationPort = ports.destination;
    packet.icmpType = ports.icmpType;
    packet.protocol = ports.protocol;
    return Outcome.Next;
  }
  fragments.update(key, {
    source: packet.sourcePort,
    destination: packet.destinationPort,
    icmpType: packet.icmpType,
    protocol: packet.protocol,
  });
  return Outcome.Next;
}
