/**
 * Which port of the node stands for which flow. A flow's claim to a port is one row, by the tuple
 * of what comes back; the row by the tuple that the endpoint sends only says where to look. So no
 * two flows of one destination have the same port, and only what an endpoint sends makes a claim.
 */
import { jiffies, u16, u32, u64, UpdateFlag } from '@skep/ebpf';
import {
  ConnectionFlag,
  DirectedTuple,
  ENDED_PORT_SECONDS,
  LifetimeSeconds,
  PORT_CANDIDATES_MAX,
  Translation,
} from '@skep/contract';
import type { Uplink } from '@skep/contract';
import { TcpFlag } from '@skep/wire';
import type { IpProtocol, Ipv6Address } from '@skep/wire';
import { node } from '../config.ts';
import { newTranslations, translations } from '../maps.ts';
import type { Packet } from '../packet.ts';
import { CLOCK_HALF, FINISHED, flagsOf, lifetimeSeconds, opensTcp } from './conntrack.ts';

/** Either of the two rows that a flow has. */
export function findTranslation(tuple: DirectedTuple): Translation | null {
  return translations.lookup(tuple) ?? newTranslations.lookup(tuple);
}

/** The tuple that a packet has as it is. */
export function tupleOf(packet: Packet): DirectedTuple {
  return new DirectedTuple({
    source: packet.source,
    destination: packet.destination,
    sourcePort: packet.sourcePort,
    destinationPort: packet.destinationPort,
    protocol: packet.protocol,
  });
}

/** The tuple of what comes back to a packet that has left under this address and port. */
export function answerTo(packet: Packet, address: Ipv6Address, port: u16): DirectedTuple {
  return new DirectedTuple({
    source: packet.destination,
    destination: address,
    sourcePort: packet.destinationPort,
    destinationPort: port,
    protocol: packet.protocol,
  });
}

/** Whether two addresses are the same. */
export function isSameAddress(one: Ipv6Address, other: Ipv6Address): boolean {
  return one.lower === other.lower && one.upper === other.upper;
}

/** Whether a port of the node is one that flows get. */
export function isMasqueradePort(uplink: Uplink, port: u16): boolean {
  return port >= uplink.portFirst && port < uplink.portFirst + uplink.portCount;
}

/**
 * Finds the port that the packet's flow has under an address, brings its claim up to date and
 * writes it to `translatedPort`; false where it has none.
 */
export function recallPort(packet: Packet, address: Ipv6Address): boolean {
  const tuple = tupleOf(packet);
  const outward = findTranslation(tuple);
  if (!outward || !isSameAddress(outward.address, address)) return false;
  const answer = answerTo(packet, address, outward.port);
  packet.translatedPort = outward.port;
  const known = translations.lookup(answer);
  if (known) return isClaimOf(packet, known) && follow(packet, known, true);
  const fresh = newTranslations.lookup(answer);
  if (!fresh || !isClaimOf(packet, fresh)) return false;
  follow(packet, fresh, true);
  // The endpoint goes on after an answer: no flood gets this far.
  if (fresh.flags & ConnectionFlag.Answered) {
    const isKept = translations.update(answer, fresh) === 0;
    if (isKept && translations.update(tuple, outward) === 0) {
      newTranslations.delete(answer);
      newTranslations.delete(tuple);
    }
  }
  return true;
}

function isClaimOf(packet: Packet, claim: Translation): boolean {
  return claim.port === packet.sourcePort && isSameAddress(claim.address, packet.source);
}

/** Brings a claim up to date with one more packet of its flow. */
export function follow(packet: Packet, claim: Translation, isForward: boolean): true {
  claim.lastSeen = jiffies() & 0xffff_ffff;
  // A new connection between the same ends begins where an old one has left off.
  let flags: u16 = isForward && opensTcp(packet) ? 0 : claim.flags & ~ConnectionFlag.Reset;
  flags |= flagsOf(packet, isForward);
  if (isForward) {
    // Nobody else can have forged this one; but who goes on after it has not ended.
    flags &= ~ConnectionFlag.ResetByEndpoint;
    if (packet.tcpFlags & TcpFlag.RST) flags |= ConnectionFlag.ResetByEndpoint;
  }
  if (flags !== claim.flags) claim.flags = flags;
  return true;
}

/**
 * Claims a port for the packet's flow and writes it to `translatedPort`; false where flows that
 * both ends take part in have all that are tried. Where the search begins depends on the tuple
 * alone, so that a flow whose rows have given way finds its own port again. Where nothing is free,
 * a connection that has ended gives way, else a flow that has only begun; the longest silent first.
 */
export function claimPort(packet: Packet, uplink: Uplink, address: Ipv6Address): boolean {
  const now: u32 = jiffies() & 0xffff_ffff;
  const answer = answerTo(packet, address, 0);
  const claim = new Translation({
    address: packet.source,
    lastSeen: now,
    port: packet.sourcePort,
    flags: 0,
  });
  let position = startOf(packet, uplink);
  let weakest: u64 = 0;
  for (let index = 0; index < PORT_CANDIDATES_MAX; index++) {
    position += index;
    answer.destinationPort = u16(uplink.portFirst + (position % uplink.portCount));
    const known = translations.lookup(answer);
    if (known && isClaimOf(packet, known)) return takeKnown(packet, address, answer);
    if (known) {
      const silence = silenceOf(known, now);
      const standing = standingOf(packet.protocol, known.flags, silence);
      if (standing !== Standing.Over) {
        if (standing === Standing.Ended) {
          weakest = weaker(weakest, ENDED | (u64(silence) << 16) | answer.destinationPort);
        }
        continue;
      }
      translations.delete(answer);
    }
    const fresh = newTranslations.lookup(answer);
    if (!fresh) {
      if (claimFree(answer, claim)) return takeFresh(packet, address, answer);
      continue;
    }
    if (isClaimOf(packet, fresh)) return takeFresh(packet, address, answer);
    weakest = weaker(weakest, (u64(silenceOf(fresh, now)) << 16) | answer.destinationPort);
  }
  if (weakest === 0) return false;
  answer.destinationPort = u16(weakest & 0xffff);
  // Of two that would take it, one finds it gone.
  const failed = weakest >= ENDED ? translations.delete(answer) : newTranslations.delete(answer);
  if (failed !== 0 || !claimFree(answer, claim)) return false;
  return takeFresh(packet, address, answer);
}

/** Of a claim that may give way: its silence above its port, and this where it has ended. */
export const ENDED = 0x1_0000_0000_0000;

/** Of two that may give way. Which it is, is nothing to verify for each port. @global */
export function weaker(one: u64, other: u64): u64 {
  return one > other ? one : other;
}

/** One CPU gets a port that nobody has; a flow that another CPU promotes meanwhile keeps it. */
function claimFree(answer: DirectedTuple, claim: Translation): boolean {
  if (newTranslations.update(answer, claim, UpdateFlag.NoExist) !== 0) return false;
  if (!translations.lookup(answer)) return true;
  newTranslations.delete(answer);
  return false;
}

/** The row that leads to a claim goes where the claim is; of an older one nothing is left. */
function takeKnown(packet: Packet, address: Ipv6Address, answer: DirectedTuple): true {
  packet.translatedPort = answer.destinationPort;
  translations.update(tupleOf(packet), leadingTo(packet, address));
  return true;
}

function takeFresh(packet: Packet, address: Ipv6Address, answer: DirectedTuple): true {
  packet.translatedPort = answer.destinationPort;
  const tuple = tupleOf(packet);
  translations.delete(tuple);
  newTranslations.update(tuple, leadingTo(packet, address));
  return true;
}

function leadingTo(packet: Packet, address: Ipv6Address): Translation {
  return new Translation({ address, lastSeen: 0, port: packet.translatedPort, flags: 0 });
}

function silenceOf(claim: Translation, now: u32): u32 {
  const silence: u32 = now - claim.lastSeen;
  return silence < CLOCK_HALF ? silence : 0;
}

/** What a claim is worth that both ends take part in. */
export enum Standing {
  /** Its flow goes on. */
  Kept = 0,
  /** Its endpoint has ended it, and nothing is on its way any more: it gives way where it must. */
  Ended = 1,
  /** It has been silent for so long that its port is anybody's. */
  Over = 2,
}

/** Verified once, and not for each port that is tried. @global */
export function standingOf(protocol: u32, flags: u32, silence: u32): u32 {
  const isReset = (flags & ConnectionFlag.ResetByEndpoint) !== 0;
  const hasEnded = isReset || (flags & FINISHED) === FINISHED;
  const lifetime = hasEnded
    ? LifetimeSeconds.TcpClosing
    : lifetimeSeconds(protocol as IpProtocol, u16(flags));
  if (silence >= lifetime * node.jiffiesPerSecond) return Standing.Over;
  const isQuiet = silence >= ENDED_PORT_SECONDS * node.jiffiesPerSecond;
  return hasEnded && isQuiet ? Standing.Ended : Standing.Kept;
}

/** A number that the tuple and the seed decide. */
function startOf(packet: Packet, uplink: Uplink): u32 {
  let hash = mix(uplink.seed, packet.source.upper);
  hash = mix(hash, packet.source.lower);
  hash = mix(hash, packet.destination.upper);
  hash = mix(hash, packet.destination.lower);
  hash = mix(hash, (packet.sourcePort << 16) | packet.destinationPort);
  return u32(mix(hash, packet.protocol) >>> 32);
}

/** Spreads a word over all bits: an odd factor, and its upper half folded in. */
function mix(hash: u64, word: u64): u64 {
  const product: u64 = (hash ^ word) * u64(0x9e37_79b9_7f4a_7c15n);
  return product ^ (product >>> 32);
}
