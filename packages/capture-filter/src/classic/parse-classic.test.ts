import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Machine } from '@skep/bytecode';
import { compileProgram } from '@skep/compiler';
import { AncillaryError, matchingFunction, matchingProgram } from '../lowering/filter-programs.ts';
import { formatClassic } from './format-classic.ts';
import { parseClassic } from './parse-classic.ts';

const RETURN = '6 0 0 1';

const refused: readonly { name: string; have: string; want: RegExp }[] = [
  { name: 'nothing', have: '', want: /found nothing, expected the count/ },
  { name: 'no count', have: RETURN, want: /found '6 0 0 1', expected the count/ },
  {
    name: 'another count',
    have: `2\n${RETURN}`,
    want: /found 1 instructions, expected the 2 that/,
  },
  { name: 'no instruction', have: '0', want: /found 0 instructions, expected 1 to 4096/ },
  { name: 'three numbers', have: '1\n6 0 0', want: /instruction 0: found '6 0 0', expected four/ },
  { name: 'a large jump', have: '1\n21 256 0 1', want: /of at most 16, 8, 8 and 32 bits/ },
  { name: 'an opcode', have: `2\n255 0 0 0\n${RETURN}`, want: /0: found opcode 0xff \(k 0\)/ },
  { name: 'ret x', have: '1\n14 0 0 0', want: /found opcode 0x0e/ },
  { name: 'no ret', have: '1\n0 0 0 1', want: /0: found the end of the program, expected ret/ },
  {
    name: 'a jump',
    have: `2\n5 0 0 1\n${RETURN}`,
    want: /0: found a jump to instruction 2, expected/,
  },
  { name: 'a branch', have: `2\n21 0 1 1\n${RETURN}`, want: /0: found a jump to instruction 2/ },
  { name: 'a jump backwards', have: `2\n5 0 0 4294967295\n${RETURN}`, want: /a jump to/ },
  {
    name: 'a division',
    have: `2\n52 0 0 0\n${RETURN}`,
    want: /found a division by the constant 0/,
  },
  {
    name: 'a remainder',
    have: `2\n148 0 0 0\n${RETURN}`,
    want: /found a division by the constant/,
  },
  {
    name: 'a shift',
    have: `2\n100 0 0 32\n${RETURN}`,
    want: /found a shift by 32, expected at most 31/,
  },
  {
    name: 'a word',
    have: `2\n2 0 0 16\n${RETURN}`,
    want: /found M\[16\], expected M\[0\] to M\[15\]/,
  },
  {
    name: 'an unwritten word',
    have: `2\n96 0 0 3\n${RETURN}`,
    want: /a read of M\[3\], which is not/,
  },
  {
    name: 'a word that one way does not write',
    have: `4\n21 0 1 5\n2 0 0 0\n96 0 0 0\n${RETURN}`,
    want: /instruction 2: found a read of M\[0\]/,
  },
  {
    name: 'a load from the network header',
    have: `2\n40 0 0 4293918720\n${RETURN}`,
    want: /found a load at 0 of the network header \(SKF_NET_OFF\), expected an offset from/,
  },
  {
    name: 'a load that is not supported',
    have: `2\n32 0 0 4294963212\n${RETURN}`,
    want: /found the load \[nla\], expected one of proto, type, ifidx, mark, queue, rxhash, cpu,/,
  },
  {
    name: 'a load that nobody knows',
    have: `2\n32 0 0 4294963299\n${RETURN}`,
    want: /found the load \[SKF_AD_OFF \+ 99\]/,
  },
];

for (const { name, have, want } of refused) {
  test(`refused: ${name}`, () => {
    assert.throws(() => parseClassic(have), { code: 'ERR_CLASSIC_BPF', message: want });
  });
}

const VLAN = `4\n48 0 0 4294963248\n21 0 1 1\n${RETURN}\n6 0 0 0`;

test('commas stand for line ends, as tc has it', () => {
  const program = parseClassic('4,40 0 0 12,21 0 1 2048,6 0 0 262144,6 0 0 0,');
  assert.equal(
    formatClassic(program),
    '(000) ldh      [12]\n' +
      '(001) jeq      #0x800           jt 2\tjf 3\n' +
      '(002) ret      #262144\n(003) ret      #0',
  );
});

test('what is known beside the packet is listed by its name, and read in TC', () => {
  const program = parseClassic(VLAN);
  assert.match(formatClassic(program), /^\(000\) ldb {6}\[vlanp\]/);
  const options = { hook: 'tc', name: 'tagged', onMatch: 1, onMiss: 0 } as const;
  const loaded = new Machine().load(compileProgram(matchingProgram(program, options)));
  const packet = new Uint8Array(60);
  assert.equal(loaded.run({ packet, context: { vlanPresent: 1 } }).returnValue, 1);
  assert.equal(loaded.run({ packet }).returnValue, 0);
});

test('it is refused where there is no such context', () => {
  const options = { hook: 'xdp', name: 'tagged', onMatch: 1, onMiss: 0 } as const;
  const refusal = /filter reads vlanp: expected bytes of the packet only, in XDP \(make it/;
  assert.throws(() => matchingProgram(parseClassic(VLAN), options), refusal);
  assert.throws(() => matchingFunction(parseClassic(VLAN), 'tagged'), AncillaryError);
});

const memory = [
  // A = length; M[2] = A; X = 7; A = X; A -= M[2] by way of X; return A
  ['128 0 0 0', '2 0 0 2', '1 0 0 7', '135 0 0 0', '97 0 0 2', '28 0 0 0', '22 0 0 0'],
  // A = 6; A = -A; A ^= X (as a load); A >>= 1; branch on a bit
  ['0 0 0 6', '132 0 0 0', '32 0 0 4294963240', '116 0 0 1', '69 0 1 1', '6 0 0 1', '6 0 0 0'],
];

test('registers, memory, and a returned A', () => {
  const wanted = [
    [7, 0],
    [8, 1],
  ] as const;
  const options = { hook: 'xdp', name: 'classic', onMatch: 1, onMiss: 0 } as const;
  const programs = memory.map((lines) => {
    const program = parseClassic([lines.length, ...lines].join('\n'));
    return new Machine().load(compileProgram(matchingProgram(program, options)));
  });
  for (const [bytes, want] of wanted) {
    const packet = new Uint8Array(bytes);
    assert.equal(programs[0]!.run({ packet }).returnValue, want, `${bytes} bytes`);
  }
  assert.equal(programs[1]!.run({ packet: new Uint8Array(14) }).returnValue, 1);
});
