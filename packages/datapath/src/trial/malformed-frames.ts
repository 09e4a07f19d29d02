/** Frames that are wrong in one way each, made from the valid ones by a table of changes. */
import { EtherType } from '@skep/wire';
import type { HookName } from './engine.ts';
import { etherTypeOf } from './observe.ts';
import { VALID_FRAMES } from './valid-frames.ts';

/** One wrong frame, and what is wrong with it. */
export interface MalformedFrame {
  readonly sentence: string;
  readonly frame: Uint8Array;
}

/** A byte of the frame and the values that are put there in turn. */
interface Change {
  readonly what: string;
  readonly at: number;
  readonly values: readonly number[];
}

const IPV4_CHANGES: readonly Change[] = [
  { what: 'version and header length', at: 14, values: [0, 0x35, 0x40, 0x44, 0x4f, 0x55, 0x65] },
  { what: 'upper byte of the length', at: 16, values: [1, 0xff] },
  { what: 'lower byte of the length', at: 17, values: [0, 19, 20, 21] },
  { what: 'fragment flags and offset', at: 20, values: [0x20, 0x1f, 0x80, 0xff] },
  { what: 'lower byte of the fragment offset', at: 21, values: [1, 2, 0xff] },
  { what: 'protocol', at: 23, values: [0, 2, 4, 41, 44, 58, 59, 255] },
  { what: 'first byte of the source', at: 26, values: [0, 127, 224, 255] },
  { what: 'first byte of the destination', at: 30, values: [0, 127, 224, 255] },
  { what: 'tcp data offset', at: 46, values: [0, 0x10, 0x40, 0xf0] },
  { what: 'tcp flags', at: 47, values: [0, 1, 0x03, 0x06, 0x07, 0x29, 0xff] },
];

const IPV6_CHANGES: readonly Change[] = [
  { what: 'version', at: 14, values: [0, 0x40, 0x50, 0x70, 0xf0] },
  { what: 'upper byte of the length', at: 18, values: [1, 0xff] },
  { what: 'lower byte of the length', at: 19, values: [0, 1, 7] },
  { what: 'next header', at: 20, values: [0, 1, 4, 41, 43, 44, 50, 51, 59, 60, 135, 255] },
  { what: 'first byte of the source', at: 22, values: [0, 0xfe, 0xff] },
  { what: 'first byte of the destination', at: 38, values: [0, 0xfe, 0xff] },
  { what: 'next header of the first extension', at: 54, values: [0, 43, 44, 60, 255] },
  { what: 'length of the first extension', at: 55, values: [1, 2, 31, 255] },
  { what: 'tcp data offset', at: 66, values: [0, 0x40, 0xf0] },
  { what: 'tcp flags', at: 67, values: [0, 0x03, 0x06, 0xff] },
];

const ARP_CHANGES: readonly Change[] = [
  { what: 'hardware type', at: 15, values: [0, 2, 255] },
  { what: 'protocol type', at: 16, values: [0, 0x86] },
  { what: 'hardware length', at: 18, values: [0, 5, 255] },
  { what: 'protocol length', at: 19, values: [0, 16] },
  { what: 'operation', at: 21, values: [0, 2, 3, 255] },
  { what: 'sender mac', at: 27, values: [9, 0xfe] },
  { what: 'sender address', at: 31, values: [0, 2, 255] },
];

const LINK_CHANGES: readonly Change[] = [
  { what: 'destination mac', at: 5, values: [9] },
  { what: 'source mac', at: 11, values: [2, 9] },
  { what: 'first byte of the ether type', at: 12, values: [0, 0x05, 0x81, 0x91, 0xff] },
];

/** Where headers end or begin; each is cut one byte before, at and behind. */
const BOUNDARIES = [14, 16, 34, 38, 42, 54, 58, 62, 74, 78, 86, 94];

/** All of one hook. */
export function malformedFrames(hook: HookName): MalformedFrame[] {
  return Object.entries(VALID_FRAMES[hook]).flatMap(([name, frame]) => [
    ...cuts(name, frame),
    ...[...LINK_CHANGES, ...changesOf(frame)].flatMap((change) => changed(name, frame, change)),
    tagged(name, frame),
  ]);
}

function changesOf(frame: Uint8Array): readonly Change[] {
  const byType = new Map<number, readonly Change[]>([
    [EtherType.IPv4, IPV4_CHANGES],
    [EtherType.IPv6, IPV6_CHANGES],
  ]);
  return byType.get(etherTypeOf(frame)) ?? ARP_CHANGES;
}

function cuts(name: string, frame: Uint8Array): MalformedFrame[] {
  return BOUNDARIES.flatMap((boundary) => [boundary - 1, boundary, boundary + 1])
    .filter((length) => length < frame.length)
    .map((length) => ({ sentence: `${name}: cut to ${length}`, frame: frame.slice(0, length) }));
}

function changed(name: string, frame: Uint8Array, change: Change): MalformedFrame[] {
  return change.values
    .filter((value) => change.at < frame.length && frame[change.at] !== value)
    .map((value) => ({
      sentence: `${name}: ${change.what} is ${value}`,
      frame: frame.map((byte, at) => (at === change.at ? value : byte)),
    }));
}

function tagged(name: string, frame: Uint8Array): MalformedFrame {
  const tag = [0x81, 0, 0, 5];
  const bytes = [...frame.subarray(0, 12), ...tag, ...frame.subarray(12)];
  return { sentence: `${name}: tagged`, frame: Uint8Array.from(bytes) };
}
