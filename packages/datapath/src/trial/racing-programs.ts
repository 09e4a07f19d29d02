/** Programs that write and read one place of the queue of newcomers, for several CPUs at once. */
import { ArrayMap, atomic, randomU32, Struct, TcAction, u64 } from '@skep/ebpf';
import type { TcContext } from '@skep/ebpf';
import { Connection, DropReason } from '@skep/contract';
import { newcomers, packets } from '../maps.ts';
import { Table } from '../packet.ts';
import { copyNewcomer, keepNewcomer } from '../stages/newcomers.ts';

/** What they have seen. */
export class Race extends Struct({
  written: atomic(u64),
  /** Reads that found an entry, */
  whole: atomic(u64),
  /** whose numbers were not all of one writer. */
  torn: atomic(u64),
  /** Writes and reads that another CPU kept out. */
  keptOut: atomic(u64),
}) {}

/** The one row of them. */
export const races = new ArrayMap({ name: 'race', value: Race, maxEntries: 1 });

/** Writes an entry in which many numbers are the same. @program race_write */
export function raceWrite(_ctx: TcContext): TcAction {
  const packet = packets.lookup(0);
  const race = races.lookup(0);
  if (!packet || !race) return TcAction.Drop;
  packet.table = Table.Newcomers;
  packet.place = 0;
  const number = randomU32();
  const connection = new Connection({
    forwardPackets: number,
    forwardBytes: number,
    replyPackets: number,
    replyBytes: number,
    lastSeen: number,
    lastReported: number,
    membershipRevision: number,
    egressRevision: number,
    ingressRevision: number,
    initiatorIdentity: number,
    responderIdentity: number,
    acknowledgment: number,
    unreported: number,
    egressEndpoint: 0,
    ingressEndpoint: 0,
    egressSubject: 0,
    ingressSubject: 0,
    flags: 0,
    tcpFlags: 0,
    reason: DropReason.PolicyDenied,
  });
  if (keepNewcomer(packet, connection)) race.written += 1;
  else race.keptOut += 1;
  return TcAction.Pass;
}

/** Reads it, as a packet of its flow would. @program race_read */
export function raceRead(_ctx: TcContext): TcAction {
  const packet = packets.lookup(0);
  const race = races.lookup(0);
  const newcomer = newcomers.lookup(0);
  if (!packet || !race || !newcomer) return TcAction.Drop;
  if (!copyNewcomer(newcomer, packet)) {
    race.keptOut += 1;
    return TcAction.Pass;
  }
  const found = packet.newcomer;
  const number = found.membershipRevision;
  const isOfOne =
    found.forwardPackets === number &&
    found.replyBytes === number &&
    found.lastSeen === number &&
    found.ingressRevision === number &&
    found.unreported === number;
  if (isOfOne) race.whole += 1;
  else race.torn += 1;
  return TcAction.Pass;
}
