/** Back through masquerade: what comes in at an uplink for a flow of an endpoint. */
import type { TcContext } from '@skep/ebpf';
import { DirectedTuple } from '@skep/contract';
import type { Uplink } from '@skep/contract';
import { packets } from '../maps.ts';
import { Outcome } from '../packet.ts';
import type { Packet, Step } from '../packet.ts';
import { recallFormer } from './former.ts';
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

/**
 * `Outcome.Next` where the packet is the node's own: it is decided as it has come, also where its
 * port has been another one on the way out.
 */
export function returnAnswer(ctx: TcContext, packet: Packet, uplink: Uplink): Step {
  const address = packet.family === 4 ? uplink.address4 : uplink.address6;
  if (!isSameAddress(packet.destination, address)) return Outcome.Next;
  if (isError(packet)) return returnError(ctx, packet);
  if (packet.isLaterFragment && joinFragments(packet) !== Outcome.Next) return Outcome.Next;
  if (!isMasqueradePort(uplink, packet.destinationPort)) return Outcome.Next;
  const claim = findTranslation(tupleOf(packet));
  if (!claim) {
    recallFormer(ctx);
    return Outcome.Next;
  }
  // Only now: of what is nobody's, strangers could send as much as they like.
  if (packet.isFragment && !packet.isLaterFragment) joinFragments(packet);
  follow(packet, claim, false);
  const port = claim.port;
  const isNodes = isSameAddress(claim.address, address);
  let step = rewriteDestination(ctx, packet, claim.address);
  if (step === Outcome.Next) step = rewriteDestinationPort(ctx, packet, port);
  return step === Outcome.Next && !isNodes ? Outcome.Pass : step;
}

/** Whoever on the way tells of it: the packet that it quotes has left under the node's address. */
function returnError(ctx: TcContext, packet: Packet): Step {
  const quoted = packets.lookup(1);
  if (!quoted || !readQuoted(ctx, packet, quoted)) return Outcome.Next;
  if (!isSameAddress(quoted.source, packet.destination)) return Outcome.Next;
  const claim = findTranslation(
    new DirectedTuple({
      source: quoted.destination,
      destination: quoted.source,
      sourcePort: quoted.destinationPort,
      destinationPort: quoted.sourcePort,
      protocol: quoted.protocol,
    }),
  );
  if (!claim) {
    recallFormer(ctx);
    return Outcome.Next;
  }
  const isNodes = isSameAddress(claim.address, packet.destination);
  let step = rewriteQuotedSource(ctx, packet, quoted, claim.address, claim.port);
  if (step === Outcome.Next) step = rewriteDestination(ctx, packet, claim.address);
  return step === Outcome.Next && !isNodes ? Outcome.Pass : step;
}
