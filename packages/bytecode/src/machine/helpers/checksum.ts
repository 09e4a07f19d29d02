/**
 * Helpers on the Internet checksum (RFC 1071). Sums are taken of little-endian halves: the one's
 * complement sum is the same in either order, only its bytes are exchanged.
 *
 * @source net/core/filter.c, include/net/checksum.h, net/core/utils.c
 */
import type { Cpu } from '../cpu.ts';
import { Errno } from '../errno.ts';
import { forAll, forTc, type MachineHelper } from './helper.ts';

const FIELD_SIZE = 0x0f;
const PSEUDO_HEADER = 0x10;
const MANGLED_ZERO = 0x20;
const ENFORCE = 0x40;
const OFFSET_MAX = 0xffff;

/** One's complement sum of 32-bit numbers, in 32 bits. */
function add(one: number, other: number): number {
  const sum = (one >>> 0) + (other >>> 0);
  return ((sum >>> 0) + (sum > 0xffffffff ? 1 : 0)) >>> 0;
}

/** 32 bits folded to 16, not complemented. */
function fold(sum: number): number {
  const once = (sum & 0xffff) + (sum >>> 16);
  return (once & 0xffff) + (once >>> 16);
}

function sumOf(bytes: Uint8Array, seed: number): number {
  let sum = seed >>> 0;
  for (let at = 0; at < bytes.length; at += 4) {
    const [a, b, c, d] = [bytes[at]!, bytes[at + 1]!, bytes[at + 2]!, bytes[at + 3]!];
    sum = add(sum, a | (b << 8) | (c << 16) | (d << 24));
  }
  return sum;
}

/** Folded to 16 bits, as Linux 6.13 does; sizes must be multiples of 4, as before it. */
function difference(cpu: Cpu): number {
  const fromSize = cpu.u32(2);
  const toSize = cpu.u32(4);
  const seed = cpu.u32(5);
  if ((fromSize | toSize) & 3) return -Errno.EINVAL;
  const from = fromSize > 0 ? cpu.bytes(1, fromSize) : new Uint8Array(0);
  const to = toSize > 0 ? cpu.bytes(3, toSize) : new Uint8Array(0);
  if (toSize === 0 && fromSize > 0) return fold(~sumOf(from, ~seed) >>> 0);
  return fold(add(sumOf(to, seed), fromSize > 0 ? ~sumOf(from, 0) : 0));
}

/** The checksum at an offset of the packet; `undefined` where the helper fails. */
function fieldAt(cpu: Cpu, offset: number): Uint8Array | undefined {
  if (offset > OFFSET_MAX || offset & 1) return undefined;
  const field = cpu.packet.slice(offset, 2);
  if (field) cpu.packet.pull(offset + 2);
  return field;
}

/** Replaces in a checksum the contribution of `from` by that of `to`, by the size of the field. */
function replace(field: Uint8Array, from: number, to: number, size: number): boolean {
  const old = ~(field[0]! | (field[1]! << 8)) & 0xffff;
  let sum: number;
  if (size === 0) sum = add(old, to);
  else if (size === 2) sum = add(add(old, ~from & 0xffff), to & 0xffff);
  else if (size === 4) sum = add(add(old, ~from), to);
  else return false;
  const checksum = ~fold(sum) & 0xffff;
  field[0] = checksum;
  field[1] = checksum >> 8;
  return true;
}

function replaceL3(cpu: Cpu): number {
  const flags = cpu.bits(5);
  if (flags & ~BigInt(FIELD_SIZE)) return -Errno.EINVAL;
  const field = fieldAt(cpu, cpu.u32(2));
  if (!field) return -Errno.EFAULT;
  const size = Number(flags);
  if (size === 0 && cpu.bits(3) !== 0n) return -Errno.EINVAL;
  const isReplaced = replace(field, cpu.u32(3), cpu.u32(4), size);
  cpu.packet.moved('l3_csum_replace');
  return isReplaced ? 0 : -Errno.EINVAL;
}

function replaceL4(cpu: Cpu): number {
  const all = cpu.bits(5);
  const known = FIELD_SIZE | PSEUDO_HEADER | MANGLED_ZERO | ENFORCE;
  if (all & ~BigInt(known)) return -Errno.EINVAL;
  const flags = Number(all);
  const field = fieldAt(cpu, cpu.u32(2));
  if (!field) return -Errno.EFAULT;
  const size = flags & FIELD_SIZE;
  if (size === 0 && cpu.bits(3) !== 0n) return -Errno.EINVAL;
  const isAbsent = field[0] === 0 && field[1] === 0;
  if (flags & MANGLED_ZERO && !(flags & ENFORCE) && isAbsent) return 0;
  const isReplaced = replace(field, cpu.u32(3), cpu.u32(4), size);
  if (isReplaced && flags & MANGLED_ZERO && field[0] === 0 && field[1] === 0) field.fill(0xff);
  cpu.packet.moved('l4_csum_replace');
  return isReplaced ? 0 : -Errno.EINVAL;
}

/** No driver has supplied a sum of the machine's packets. */
function updateWhole(): number {
  return -Errno.ENOTSUPP;
}

/** By number. */
export const checksumHelpers: readonly (readonly [number, MachineHelper])[] = [
  [10, forTc(replaceL3)],
  [11, forTc(replaceL4)],
  [28, forAll(difference)],
  [40, forTc(updateWhole)],
];
