/**
 * The queue of newcomers. Whoever comes takes the next place, and who came first gives way:
 * strangers can hurry that, but choose nobody. Hints by a keyed hash say where a flow may be; the
 * place itself says whether it is there.
 */
import { compareExchange, fetchAdd, u64 } from '@skep/ebpf';
import type { u32 } from '@skep/ebpf';
import {
  ConnectionFlag,
  NEWCOMER_HINT_SETS,
  NEWCOMER_HINTS_PER_SET,
  NEWCOMERS_MAX,
} from '@skep/contract';
import type { Connection, HashKey, Newcomer, NewcomerHints, Tuple } from '@skep/contract';
import { node } from '../config.ts';
import { hashKey, newcomerHints, newcomerQueue, newcomers } from '../maps.ts';
import { Table } from '../packet.ts';
import type { Packet } from '../packet.ts';

/** Of a hint: a place in the queue, */
export const PLACE_MASK = NEWCOMERS_MAX - 1;
/** and the part of the hash that tells the flows of a set apart. */
export const TAG_MASK = 0xffff_0000;

/**
 * How often a place is tried that another CPU is writing; that takes it as long as a few tries. So
 * many that the compiler leaves the loop a loop.
 */
export const TRIES = 20;

/** A copy of what is remembered of the packet's flow, made while nobody changed it. */
export function findNewcomer(packet: Packet): Connection | null {
  const hints = locate(packet);
  if (!hints || packet.hint >= NEWCOMER_HINTS_PER_SET) return null;
  const newcomer = newcomers.lookup(packet.place);
  if (!newcomer) return null;
  if (!copyNewcomer(newcomer, packet)) return null;
  packet.table = Table.Newcomers;
  return packet.newcomer;
}

/** Remembers a flow as a newcomer, in the place that it has or in the next. False: nowhere. */
export function keepNewcomer(packet: Packet, connection: Connection): boolean {
  const isKnown = packet.table === Table.Newcomers;
  if (!isKnown && !queue(packet)) return false;
  const newcomer = newcomers.lookup(packet.place);
  if (!newcomer || !claim(newcomer)) return false;
  newcomer.isTaken = 1;
  newcomer.tuple = packet.tuple;
  newcomer.connection = connection;
  release(newcomer);
  return isKnown || writeHint(packet);
}

/**
 * Puts back when the flow was seen and reported; without a claim: should the place be another
 * flow's by now, that one's times and counts are wrong, never its verdict.
 */
export function putBackTimes(packet: Packet): void {
  const newcomer = newcomers.lookup(packet.place);
  if (!newcomer) return;
  const connection = newcomer.connection;
  connection.lastSeen = packet.newcomer.lastSeen;
  connection.lastReported = packet.newcomer.lastReported;
  connection.unreported = packet.newcomer.unreported;
  connection.tcpFlags = packet.newcomer.tcpFlags;
}

/** As `putBackTimes`, of what was counted. */
export function putBackCounts(packet: Packet): void {
  const newcomer = newcomers.lookup(packet.place);
  if (!newcomer) return;
  const connection = newcomer.connection;
  connection.forwardPackets = packet.newcomer.forwardPackets;
  connection.forwardBytes = packet.newcomer.forwardBytes;
  connection.replyPackets = packet.newcomer.replyPackets;
  connection.replyBytes = packet.newcomer.replyBytes;
}

/**
 * Puts back how far a newcomer has come. Another CPU may have seen it come as far in another way.
 */
export function advance(packet: Packet): void {
  const newcomer = newcomers.lookup(packet.place);
  if (!newcomer || !claim(newcomer)) return;
  if (holds(newcomer, packet.tuple)) {
    const connection = newcomer.connection;
    connection.flags = (connection.flags & ~ConnectionFlag.Reset) | packet.newcomer.flags;
    connection.acknowledgment = packet.newcomer.acknowledgment;
  }
  release(newcomer);
}

/** The flow is a newcomer no more. */
export function leave(packet: Packet): void {
  const newcomer = newcomers.lookup(packet.place);
  if (!newcomer || !claim(newcomer)) return;
  if (holds(newcomer, packet.tuple)) newcomer.isTaken = 0;
  release(newcomer);
}

/** Whether the flow was there, and its copy is whole. */
export function copyNewcomer(newcomer: Newcomer, packet: Packet): boolean {
  const version = awaitVersion(newcomer);
  if ((version & 1) !== 0 || !holds(newcomer, packet.tuple)) return false;
  packet.newcomer = newcomer.connection;
  return versionOf(newcomer) === version;
}

/** Of a place that nobody writes, or odd where somebody still does. */
function awaitVersion(newcomer: Newcomer): u32 {
  let version: u32 = versionOf(newcomer);
  for (let tries = 0; tries < TRIES; tries++) {
    if ((version & 1) === 0) break;
    version = versionOf(newcomer);
  }
  return version;
}

/** Whether nobody else writes the place until it is released. */
function claim(newcomer: Newcomer): boolean {
  for (let tries = 0; tries < TRIES; tries++) {
    const version = newcomer.version;
    if (version & 1) continue;
    if (compareExchange(newcomer.version, version, version + 1) === version) return true;
  }
  return false;
}

function release(newcomer: Newcomer): void {
  fetchAdd(newcomer.version, 1);
}

/** Read before all that is read behind it, and behind all that is read before it. */
function versionOf(newcomer: Newcomer): u32 {
  return node.readsInOrder ? newcomer.version : fetchAdd(newcomer.version, 0);
}

/** Fills in where the packet's flow is to be found: the set, and in it the hint with its tag. */
export function locate(packet: Packet): NewcomerHints | null {
  const key = hashKey.lookup(0);
  if (!key) return null;
  const hash = hashOf(packet.tuple, key);
  const tag: u32 = (hash >>> 32) & TAG_MASK;
  packet.hintTag = tag;
  packet.hintSet = (hash >>> 32) & (NEWCOMER_HINT_SETS - 1);
  packet.hint = NEWCOMER_HINTS_PER_SET;
  const set = newcomerHints.lookup(packet.hintSet);
  if (!set) return null;
  let found: u32 = NEWCOMER_HINTS_PER_SET;
  let hint: u32 = 0;
  for (let index = 0; index < NEWCOMER_HINTS_PER_SET; index++) {
    hint = set.hints[index];
    if ((hint & TAG_MASK) === tag) {
      found = index;
      break;
    }
  }
  packet.hint = found;
  packet.place = hint & PLACE_MASK;
  return set;
}

/** Takes the next place. */
function queue(packet: Packet): boolean {
  const end = newcomerQueue.lookup(0);
  if (!end) return false;
  packet.place = fetchAdd(end.next, 1) & PLACE_MASK;
  return true;
}

/**
 * In the place of the hint with the same tag: of two the second would never be found. The order in
 * which CPUs write does not matter: a hint that is lost costs a flow its memory, as its turn does.
 */
function writeHint(packet: Packet): boolean {
  const set = newcomerHints.lookup(packet.hintSet);
  if (!set) return false;
  let index: u32 = packet.hint;
  if (index >= NEWCOMER_HINTS_PER_SET) {
    index = set.next;
    set.next = index + 1 < NEWCOMER_HINTS_PER_SET ? index + 1 : 0;
  }
  if (index >= NEWCOMER_HINTS_PER_SET) return false;
  set.hints[index] = packet.hintTag | packet.place;
  return true;
}

function holds(newcomer: Newcomer, tuple: Tuple): boolean {
  const found = newcomer.tuple;
  return (
    newcomer.isTaken !== 0 &&
    found.firstAddress.lower === tuple.firstAddress.lower &&
    found.secondAddress.lower === tuple.secondAddress.lower &&
    found.firstPort === tuple.firstPort &&
    found.secondPort === tuple.secondPort &&
    found.protocol === tuple.protocol &&
    found.firstAddress.upper === tuple.firstAddress.upper &&
    found.secondAddress.upper === tuple.secondAddress.upper
  );
}

/**
 * Words of 32 bits times secret words of 64, added up: no two tuples meet more often than chance
 * has it, whatever they are. Then twice a shift and a product, so that who has found two that meet
 * knows nothing about others. The upper half is the hash.
 *
 * @source D. Lemire, O. Kaser, "Strongly universal string hashing is fast", 2014
 */
function hashOf(tuple: Tuple, key: HashKey): u64 {
  const first = tuple.firstAddress;
  const second = tuple.secondAddress;
  const ports: u64 = (u64(tuple.firstPort) << 16) | tuple.secondPort;
  let sum: u64 = key.words[0];
  sum += key.words[1] * (first.lower & 0xffff_ffff);
  sum += key.words[2] * (first.lower >>> 32);
  sum += key.words[3] * (first.upper & 0xffff_ffff);
  sum += key.words[4] * (first.upper >>> 32);
  sum += key.words[5] * (second.lower & 0xffff_ffff);
  sum += key.words[6] * (second.lower >>> 32);
  sum += key.words[7] * (second.upper & 0xffff_ffff);
  sum += key.words[8] * (second.upper >>> 32);
  sum += key.words[9] * ports;
  sum += key.words[10] * tuple.protocol;
  sum = (sum ^ (sum >>> 32)) * (key.words[11] | 1);
  return (sum ^ (sum >>> 32)) * (key.words[12] | 1);
}
