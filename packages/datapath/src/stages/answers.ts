/** Back through masquerade: what comes in at an uplink for a flow of an endpoint. */
import type { TcContext } from '@skep/ebpf';
import { DirectedTuple } from '@skep/contract';
import type { Uplink } from '@skep/contract';
import { packets } from '../maps.ts';
import { Outcome } from '../packet.ts';
import type { Packet, Step } from '../packet.ts';
import { joinFragments } from './fragments.ts';
import { isError, readQuoted } from './quoted.ts';
import { rewriteDestination, rewriteDestinationPort } from './rewrite.ts';
import { rewriteQuotedSource } from './rewrite-quoted.ts';
import {
  findTranslation,
  follow,
  isMasqueradePort,
  isSameAddress,
  tupleOf,
} from './translations.ts';

/** `Outcome.Pass` where the packet is the node's own. */
export function returnAnswer(ctx: TcContext, packet: Packet, uplink: Uplink): Step {
  const address = packet.family === 4 ? uplink.address4 : uplink.address6;
  if (!isSameAddress(packet.destination, address)) return Outcome.Pass;
  if (isError(packet)) return returnError(ctx, packet);
  if (packet.isLaterFragment && joinFragments(packet) !== Outcome.Next) return Outcome.Pass;
  if (!isMasqueradePort(uplink, packet.destinationPort)) return Outcome.Pass;
  const claim = findTranslation(tupleOf(packet));
  if (!claim) return Outcome.Pass;
  // Only now: of what is nobody's, strangers could send as much as they like.
  if (packet.isFragment && !packet.isLaterFragment) joinFragments(packet);
  follow(packet, claim, false);
  const port = claim.port;
  const step = rewriteDestination(ctx, packet, claim.address);
  return step === Outcome.Next ? rewriteDestinationPort(ctx, packet, port) : step;
}

/** Whoever on the way tells of it: the packet that it quotes has left under the node's address. */
function returnError(ctx: TcContext, packet: Packet): Step {
  const quoted = packets.lookup(1);
  if (!quoted || !readQuoted(ctx, packet, quoted)) return Outcome.Pass;
  if (!isSameAddress(quoted.source, packet.destination)) return Outcome.Pass;
  const claim = findTranslation(
    new DirectedTuple({
      source: quoted.destination,
      destination: quoted.source,
      sourcePort: quoted.destinationPort,
      destinationPort: quoted.sourcePort,
      protocol: quoted.protocol,
    }),
  );
  if (!claim) return Outcome.Pass;
  const step = rewriteQuotedSource(ctx, packet, quoted, claim.address, claim.port);
  return step === Outcome.Next ? rewriteDestination(ctx, packet, claim.address) : step;
}
