/**
 * What programs of testdata/ compute: packet in, return value out. The machine and the kernel must
 * both agree.
 */

/** A packet of `length` bytes that starts with a little-endian word. */
export function word(value: number, length = 64): Uint8Array {
  const packet = new Uint8Array(length);
  new DataView(packet.buffer).setUint32(0, value, true);
  return packet;
}

/** An Ethernet frame whose IPv4 header has these bytes changed. */
export function ipv4(changes: Record<number, number>, length = 64): Uint8Array {
  const packet = new Uint8Array(length);
  packet.set([8, 0], 12);
  packet[14] = 0x45;
  packet[22] = 64;
  for (const [at, value] of Object.entries(changes)) packet[14 + Number(at)] = value;
  return packet;
}

/** One run of one program; `load-time` constants are 0. */
export interface ExecutionCase {
  /** Of testdata/, without `.ts`. */
  readonly file: string;
  readonly program: string;
  readonly name: string;
  readonly have: Uint8Array;
  readonly want: number;
}

const values = [0, 1, 7, 49, 50, 99, 100, 12345, 0x7fffffff, 0x80000000, 0xfffffff0, 0xffffffff];

function signed(value: number): number {
  const x = (value | 0) - 100;
  if (x < -50) return Math.trunc((x | 0) / 4) >>> 28;
  return (x >> 2) % 5;
}

function compound(start: number): number {
  let a = (start + 3) >>> 0;
  a = (a - 1) >>> 0;
  a = Number(BigInt.asUintN(32, BigInt(a) * 5n));
  a = Math.floor(a / 2) % 1000;
  a = (((a << 3) >>> 1) & 0xfff) | 0x10;
  a ^= 3;
  return a + (a + 2);
}

/** A packet of sevens, but for one byte. */
function sevens([at, value]: readonly [number, number] = [0, 7]): Uint8Array {
  return new Uint8Array(64).fill(7).fill(value, at, at + 1);
}

function line(text: string): Uint8Array {
  const packet = new Uint8Array(64);
  packet.set(new TextEncoder().encode(text));
  return packet;
}

function collatz(start: number): number {
  let steps = 0;
  for (let value = start; value !== 1; steps++) value = value % 2 ? value * 3 + 1 : value / 2;
  return steps;
}

/** What a loop in a loop is left by, and a word that makes it so. */
const nestedLoops = [
  ['records', 'outer: 255', 8301061, 9018],
  ['records', 'inner: limit', 1280, 329920],
  ['records', 'inner: even', 8194, 4008],
  ['records', 'inner: option', 160, 1767609234],
  ['records', 'outer: mixed', 17, 6181],
  ['records', 'end', 2304458383, 42032],
  ['messages', 'outermost: 255', 16531203, 2012],
  ['messages', 'middle: 200', 1937, 391484],
  ['messages', 'innermost: 211', 1988, 4844],
  ['messages', 'end', 720, 1134293],
].map(([program, name, value, want]): ExecutionCase => {
  const have = word(Number(value));
  return { file: 'nested-loops', program: `${program}`, name: `${name}`, have, want: Number(want) };
});

function bits(value: number): number {
  const rotated = ((value << 5) | (value >>> 27)) >>> 0;
  return (~rotated ^ (rotated & 0xff00)) & 0xffff;
}

const arithmetic = values.flatMap((value): ExecutionCase[] => {
  const have = word(value);
  const of = (file: string, program: string, want: number): ExecutionCase => {
    return { file, program, name: `${value}`, have, want: want | 0 };
  };
  const sum = (value + 0xffffffff) >>> 0;
  return [
    of('arithmetic', 'widths', sum < 10 && value > 0 ? 1 : 2),
    of('arithmetic', 'division', Math.floor(value / 3) + (value % 7)),
    // Subtracting 100 wraps at 32 bits where JavaScript's number does not.
    ...((value | 0) < -0x7fffff00 ? [] : [of('arithmetic', 'signed', signed(value))]),
    of('arithmetic', 'bits', bits(value)),
    of('assignments', 'compound', compound(value)),
  ];
});

/** The table. */
export const executionCases: ExecutionCase[] = [
  ...arithmetic,
  { file: 'arithmetic', program: 'literals', name: 'short', have: word(0), want: 1500 },
  { file: 'assignments', program: 'inferred', name: '64 bits', have: word(0, 128), want: 1 },
  { file: 'conditions', program: 'logic', name: 'icmp', have: ipv4({ 9: 1 }), want: 1 },
  { file: 'conditions', program: 'logic', name: 'small', have: ipv4({ 9: 6 }), want: 2 },
  { file: 'conditions', program: 'logic', name: 'odd', have: ipv4({ 2: 1, 11: 1 }), want: 3 },
  { file: 'conditions', program: 'logic', name: 'big', have: ipv4({ 2: 1 }), want: 2 },
  { file: 'conditions', program: 'nullable', name: 'empty', have: new Uint8Array(14), want: 8 },
  { file: 'switch', program: 'protocols', name: 'icmp', have: ipv4({ 9: 1 }), want: 2 },
  { file: 'switch', program: 'protocols', name: 'udp', have: ipv4({ 9: 17 }), want: 1 },
  { file: 'switch', program: 'protocols', name: 'sctp', have: ipv4({ 9: 132 }), want: 3 },
  { file: 'switch', program: 'protocols', name: 'other', have: ipv4({ 9: 9 }), want: 1 },
  { file: 'loops', program: 'unrolled', name: 'sum', have: word(5), want: 5 },
  { file: 'loops', program: 'whileLoop', name: '6 steps to 1', have: word(0, 64), want: 20 },
  { file: 'loops', program: 'nested', name: 'first product', have: word(0, 16), want: 4 },
  { file: 'headers', program: 'ports', name: 'no port', have: ipv4({}), want: 1 },
  { file: 'headers', program: 'ports', name: '443', have: ipv4({ 22: 1, 23: 0xbb }), want: 2 },
  { file: 'for-of', program: 'blocked', name: 'listed', have: ipv4({ 5: 22 }), want: 1 },
  { file: 'for-of', program: 'blocked', name: 'length', have: ipv4({}), want: 3 },
  { file: 'queues', program: 'queued', name: 'in order', have: word(0, 60), want: 71_120 },
  { file: 'queues', program: 'stacked', name: 'the last first', have: word(0), want: 6 },
  { file: 'queues', program: 'filtered', name: 'added, then known', have: word(0), want: 3 },
  {
    file: 'math',
    program: 'extremes',
    name: 'min',
    have: word(0, 64),
    want: 16 + (Math.imul(64, 0x9e3779b1) | 0) + 3,
  },
  { file: 'structs', program: 'track', name: 'first: delete fails', have: ipv4({ 9: 6 }), want: 1 },
  { file: 'structs', program: 'packed', name: 'key', have: word(0), want: 1 },
  { file: 'structs', program: 'exchange', name: 'never', have: word(0), want: 1002 },
  { file: 'structs', program: 'exchange', name: 'once', have: word(1), want: 2011 },
  { file: 'structs', program: 'exchange', name: 'three times', have: word(3), want: 12021 },
  { file: 'subprograms', program: 'search', name: 'short', have: word(0, 5), want: 1 },
  {
    file: 'groups',
    program: 'grouped',
    name: 'ends',
    have: ipv4({ 15: 9, 19: 4 }),
    want: 9 - 4 + 1 - 9,
  },
  {
    file: 'byte-order',
    program: 'swaps',
    name: 'constant',
    have: Uint8Array.from({ length: 64 }, (_, i) => (i === 0 ? 8 : 0)),
    want: 2,
  },
  {
    file: 'byte-order',
    program: 'swaps',
    name: 'mask',
    have: Uint8Array.from({ length: 64 }, (_, i) => (i === 2 ? 1 : 0)),
    want: 3,
  },
  { file: 'booleans', program: 'remember', name: 'first', have: word(0), want: 1 },
  { file: 'pointers', program: 'choose', name: 'empty maps', have: word(0), want: 1 },
  {
    file: 'compile-time',
    program: 'families',
    name: 'gateway',
    have: ipv4({ 12: 10, 15: 1 }),
    want: 1,
  },
  {
    file: 'compile-time',
    program: 'families',
    name: 'unknown',
    have: ipv4({ 12: 10, 15: 7 }),
    want: 2,
  },
  { file: 'booleans', program: 'copied', name: 'not 0 or 1', have: word(0x0701), want: 0x0113 },
  { file: 'names', program: 'short_name', name: 'pass', have: word(0), want: 2 },
  { file: 'ring-buffer', program: 'report', name: 'both', have: word(0), want: 2 },
  { file: 'maps', program: 'mapsInMaps', name: 'none', have: word(0), want: 1 },
  { file: 'arrays', program: 'indexes', name: 'written', have: word(0x0100, 64), want: 9 + 1 + 1 },
  { file: 'tail-call', program: 'dispatch', name: 'empty slot', have: word(0), want: 2 },
  { file: 'subprogram-pointers', program: 'everywhere', name: 'sums', have: word(3), want: 6 + 20 },
  {
    file: 'subprogram-pointers',
    program: 'filled',
    name: 'null is passed too',
    have: word(7, 64),
    want: (1 + 7) * 10000 + 64 + 1000,
  },
  {
    file: 'subprogram-pointers',
    program: 'pulled',
    name: 'protocol',
    have: ipv4({ 9: 6 }),
    want: 6,
  },
  ...[1, 27, 97].map((value): ExecutionCase => {
    const want = collatz(value);
    return { file: 'long-loops', program: 'collatz', name: `${value}`, have: word(value), want };
  }),
  { file: 'long-loops', program: 'walk', name: 'ends', have: word(0x09050202), want: 3011 },
  { file: 'long-loops', program: 'walk', name: 'too short', have: sevens(), want: 1063 },
  { file: 'long-loops', program: 'walk', name: 'finds', have: sevens([14, 9]), want: 2014 },
  { file: 'long-loops', program: 'sum', name: 'all bytes', have: word(27), want: 32640 },
  { file: 'long-loops', program: 'steps', name: 'some', have: word(27), want: 113 },
  { file: 'long-loops', program: 'steps', name: 'none', have: word(5), want: 0 },
  { file: 'long-loops', program: 'nested', name: 'to the end', have: word(27), want: 702702 },
  { file: 'long-loops', program: 'nested', name: 'breaks', have: word(60), want: 1609000 },
  { file: 'long-loops', program: 'nested', name: 'not at all', have: word(0), want: 0 },
  { file: 'long-loops', program: 'repeated', name: 'stays', have: word(0, 64), want: 64 },
  { file: 'long-loops', program: 'repeated', name: '100 times', have: word(0, 65), want: 68 },
  { file: 'long-loops', program: 'pulls', name: 'some turns', have: word(27), want: 5 },
  { file: 'long-loops', program: 'leaves', name: 'soon', have: word(27), want: 1006 },
  { file: 'long-loops', program: 'leaves', name: 'late', have: word(9000), want: 95 },
  { file: 'long-loops', program: 'leaves', name: 'never', have: word(1 << 20), want: 2 },
  ...nestedLoops,
  { file: 'counters', program: 'downward', name: 'to zero', have: word(0), want: 2814 },
  { file: 'counters', program: 'past', name: 'past zero', have: word(0), want: 28725 },
  { file: 'counters', program: 'wraps', name: 'thrice', have: word(0), want: 3064 },
  { file: 'counters', program: 'together', name: 'some', have: word(27), want: 351 },
  { file: 'labels', program: 'leaves', name: 'at once', have: word(7), want: 0 },
  { file: 'labels', program: 'leaves', name: 'a root', have: word(49), want: 7 },
  { file: 'labels', program: 'leaves', name: 'none', have: word(50), want: 1000 },
  { file: 'labels', program: 'leaves', name: 'too large', have: word(12345), want: 1000 },
  { file: 'moving-loops', program: 'options', name: 'moves', have: sevens([15, 1]), want: 6309 },
  { file: 'moving-loops', program: 'strides', name: 'by four', have: word(0), want: 5 },
  { file: 'moving-loops', program: 'untilMoved', name: 'stays', have: word(0), want: 1000 },
  { file: 'moving-loops', program: 'walked', name: 'in fours', have: word(5), want: 5 },
  { file: 'moving-loops', program: 'walked', name: 'twice', have: word(7), want: 7 },
  { file: 'moving-loops', program: 'picks', name: 'after 3 turns', have: word(5), want: 3 },
  { file: 'signed-indexes', program: 'both', name: 'inside', have: word(3), want: 133 },
  { file: 'signed-indexes', program: 'both', name: 'the end', have: word(16), want: 8 },
  { file: 'signed-indexes', program: 'both', name: 'below', have: word(-5), want: 7 },
  { file: 'signed-indexes', program: 'both', name: 'just below', have: word(-1), want: 8 },
  { file: 'signed-indexes', program: 'wide', name: 'inside', have: word(15), want: 155 },
  { file: 'signed-indexes', program: 'wide', name: 'the end', have: word(16), want: 9 },
  { file: 'signed-indexes', program: 'wide', name: 'below', have: word(-1), want: 9 },
  { file: 'signed-indexes', program: 'counted', name: 'some', have: word(40), want: 1004 },
  { file: 'long-loops', program: 'once', name: 'once', have: word(0), want: 100 },
  { file: 'long-loops', program: 'tally', name: 'few', have: word(0, 68), want: 2 },
  { file: 'long-loops', program: 'tally', name: 'many', have: word(0, 97), want: 108 },
  { file: 'long-loops', program: 'races', name: 'hardly', have: word(1), want: 11 },
  { file: 'long-loops', program: 'races', name: 'to the end', have: word(60), want: 1120 },
  { file: 'long-loops', program: 'races', name: 'breaks', have: word(9000), want: 1198 },
  { file: 'long-loops', program: 'kinds', name: 'nearly all', have: sevens([9, 99]), want: 162 },
  {
    file: 'long-loops',
    program: 'kinds',
    name: 'ones and zeros',
    have: word(0x01010101, 17),
    want: 116,
  },
  { file: 'long-loops', program: 'longest', name: 'short', have: sevens([9, 1]), want: 9 },
  { file: 'long-loops', program: 'longest', name: 'long', have: sevens([45, 1]), want: 145 },
  { file: 'long-loops', program: 'settles', name: 'never', have: word(0x3100), want: 20 },
  { file: 'long-loops', program: 'settles', name: 'late', have: word(0x188), want: 10 },
  {
    file: 'unions',
    program: 'remember',
    name: 'key',
    have: ipv4({ 12: 9, 15: 3 }),
    want: 7000 + 9 + 127 + 9,
  },
  { file: 'variables', program: 'count', name: 'first', have: word(0), want: 42064 },
  { file: 'variables', program: 'square', name: 'in the table', have: word(99), want: 9801 + 300 },
  { file: 'variables', program: 'square', name: 'behind it', have: word(100), want: 1 },
  { file: 'variables', program: 'request', name: 'GET', have: line('GET / HTTP'), want: 10 },
  { file: 'variables', program: 'request', name: 'PUT', have: line('PUT / HTTP'), want: 20 },
  { file: 'variables', program: 'request', name: 'POST', have: line('POST / HTT'), want: 20 },
  { file: 'variables', program: 'request', name: 'other', have: line('GET_/ HTTP'), want: 40 },
  { file: 'locks', program: 'take', name: 'two of three', have: word(2), want: 2001 + 64 },
  { file: 'locks', program: 'take', name: 'too many', have: word(4), want: 100 + 64 },
  { file: 'locks', program: 'read', name: 'pass', have: word(0), want: 2 },
  { file: 'atomics', program: 'fetches', name: 'what was there', have: word(0x0f), want: 85 },
  { file: 'atomics', program: 'compared', name: 'first', have: word(5), want: 112 },
  { file: 'atomics', program: 'readTwice', name: 'unchanged', have: word(0), want: 0 },
  {
    file: 'globals',
    program: 'both',
    name: 'finds one',
    have: word(0x09030303),
    want: 300 + 2 - 64,
  },
];
