import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLab } from './lab-file.ts';
import { describeQuestion, isAsExpected, resolveProbes } from './probe.ts';

const LAB = parseLab(
  `
apiVersion: skep.dev/v1
kind: Lab
metadata: { name: pair }
spec:
  endpoints:
    - { name: both, ipv4: 10.0.0.1, ipv6: fd00::1 }
    - name: new
      ipv4: 10.0.0.2
      ipv6: fd00::2
      serves: [{ name: rest, protocol: TCP, port: 80, kind: http }]
    - name: old
      ipv4: 10.0.0.3
      serves: [{ name: rest, protocol: TCP, port: 81, kind: http }]
    - { name: newest, ipv6: fd00::4 }
  probes:
    - { from: both, to: new, port: rest, expect: allowed }
    - { from: both, to: old, port: rest, expect: dropped }
    - { from: newest, to: old, port: rest, expect: dropped }
    - { from: both, to: new, icmp: EchoRequest, expect: allowed }
`,
  'pair.yaml',
);

test('a probe is made once for each family that both ends have', () => {
  const probes = resolveProbes(LAB).map((each) => {
    const { source, destination, port } = each.exchange;
    return `${source} -> ${destination} ${describeQuestion(each)} (${port})`;
  });
  assert.deepEqual(probes, [
    '10.0.0.1 -> 10.0.0.2 TCP 80 (80)',
    'fd00::1 -> fd00::2 TCP 80 (80)',
    '10.0.0.1 -> 10.0.0.3 TCP 81 (81)',
    '10.0.0.1 -> 10.0.0.2 ICMP EchoRequest (8)',
    'fd00::1 -> fd00::2 ICMP EchoRequest (128)',
  ]);
});

test('a result is as expected or not', () => {
  const [probe] = resolveProbes(LAB);
  assert.equal(isAsExpected({ ...probe!, seen: 'allowed', detail: 'answered' }), true);
  assert.equal(isAsExpected({ ...probe!, seen: 'dropped', detail: 'silent' }), false);
});
