import assert from 'node:assert/strict';
import { test } from 'node:test';
import { callKernelFunction, exit, loadMap, mov64 } from './asm/build.ts';
import { encode } from './asm/encode.ts';
import { r0, r1 } from './asm/instruction.ts';
import { ObjectError } from './json-value.ts';
import type { ProgramObject } from './object.ts';
import { checkObject, parseObject, serialiseObject } from './serialise.ts';

const ports = { keySize: 4, valueSize: 4, maxEntries: 8, flags: 0 } as const;
const sample: ProgramObject = {
  name: 'count_packets',
  programType: 6,
  license: 'GPL',
  code: encode([loadMap(r1), mov64(r0, 2), callKernelFunction(0), exit()]),
  maps: [
    { ...ports, name: 'ports', kind: 'hash' },
    { ...ports, name: 'sets', kind: 'arrayOfMaps', inner: { ...ports, name: 'set', kind: 'hash' } },
  ],
  mapReferences: [{ instruction: 0, map: 'ports' }],
  kernelFunctions: [{ instruction: 3, name: 'bpf_iter_num_next', parameters: 1, resultBytes: 8 }],
  functions: [{ instruction: 0, name: 'count_packets' }],
  lines: [{ instruction: 2, file: 'größe.ts', line: 3, column: 1, text: 'return XDP_PASS;' }],
  stackBytes: 16,
};

function changed(change: (json: Record<string, unknown>) => void): Uint8Array {
  const json = JSON.parse(new TextDecoder().decode(serialiseObject(sample)));
  change(json);
  return new TextEncoder().encode(JSON.stringify(json));
}

test('an object survives the journey', () => {
  assert.deepEqual(parseObject(serialiseObject(sample)), sample);
  assert.deepEqual(serialiseObject(parseObject(serialiseObject(sample))), serialiseObject(sample));
});

test('every truncation is refused', () => {
  const whole = serialiseObject(sample);
  for (let length = 0; length < whole.length; length++) {
    assert.throws(() => parseObject(whole.subarray(0, length)), ObjectError);
  }
});

const refused: readonly (readonly [string, (json: Record<string, never>) => void, RegExp])[] = [
  ['another format', (json) => Object.assign(json, { format: 'elf' }), /format: "elf", expected/],
  ['another version', (json) => Object.assign(json, { version: 2 }), /version: 2, expected 1/],
  [
    'a missing part',
    (json) => Reflect.deleteProperty(json, 'maps'),
    /maps: nothing, expected a list/,
  ],
  ['a long name', (json) => Object.assign(json, { name: 'x'.repeat(16) }), /name: "x+", expected/],
  ['half an instruction', (json) => Object.assign(json, { code: 'lQAA' }), /code of 3 bytes/],
  ['no base64', (json) => Object.assign(json, { code: '*' }), /code: "\*", expected base64/],
  [
    'an unknown map kind',
    (json) => Object.assign((json.maps as object[])[1]!, { kind: 'tree' }),
    /maps\[1\]\.kind: "tree", expected one of hash/,
  ],
  [
    'a size that is no number',
    (json) => Object.assign((json.maps as object[])[0]!, { keySize: '4' }),
    /maps\[0\]\.keySize: "4", expected a whole number/,
  ],
  [
    'a map that there is not',
    (json) => Object.assign((json.mapReferences as object[])[0]!, { map: 'other' }),
    /mapReferences\[0\]: no map of the name other/,
  ],
  [
    'a reference from no load',
    (json) => Object.assign((json.mapReferences as object[])[0]!, { instruction: 2 }),
    /instruction 2, expected a 64-bit constant load/,
  ],
  [
    'a line inside an instruction',
    (json) => Object.assign((json.lines as object[])[0]!, { instruction: 1 }),
    /lines\[0\]: no instruction begins at 1/,
  ],
];

for (const [name, change, message] of refused) {
  test(`${name} is refused`, () => {
    assert.throws(() => parseObject(changed(change as (json: object) => void)), message);
  });
}

test('lines in descending order are refused', () => {
  const [line] = sample.lines;
  const lines = [{ ...line!, instruction: 3 }, line!];
  assert.throws(() => checkObject({ ...sample, lines }), /lines\[1\].*ascending/);
});
