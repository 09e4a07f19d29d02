import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import { type LabVerdict, parseLab, resolveProbes } from '@skep/lab';
import { formatMatrix } from './matrix.ts';

const LAB = parseLab(
  `
apiVersion: skep.dev/v1
kind: Lab
metadata: { name: pair }
spec:
  endpoints:
    - { name: web, ipv4: 10.0.0.1, ipv6: fd00::1 }
    - name: api
      ipv4: 10.0.0.2
      ipv6: fd00::2
      serves: [{ name: rest, protocol: TCP, port: 80, kind: http }]
    - name: old
      ipv4: 10.0.0.3
      serves: [{ name: echo, protocol: UDP, port: 7, kind: udp }]
  probes:
    - { from: web, to: api, port: rest, expect: allowed }
    - { from: web, to: old, port: echo, expect: dropped }
    - { from: web, to: old, icmp: EchoRequest, expect: dropped }
`,
  'pair.yaml',
);

/** The matrix where every probe to an endpoint was seen to end in one way. */
function matrix(seenAt: (target: string) => LabVerdict): string[] {
  const results = resolveProbes(LAB).map((probe) => {
    return { ...probe, seen: seenAt(probe.to), detail: 'silent' };
  });
  return stripVTControlCharacters(formatMatrix(results)).trim().split('\n');
}

test('one row a probe, one column a family; a family that an end has not is a dash', () => {
  const lines = matrix((target) => (target === 'api' ? 'allowed' : 'dropped'));
  assert.deepEqual(lines, [
    'FROM  TO        PORT              EXPECTED  IPV4       IPV6',
    'web   api:rest  TCP 80            allowed   ✓ allowed  ✓ allowed',
    'web   old:echo  UDP 7             dropped   ✓ dropped  -',
    'web   old       ICMP EchoRequest  dropped   ✓ dropped  -',
    '',
    'all 4 verdicts are as expected',
  ]);
});

test('what is not as expected is marked, and told below with what was seen', () => {
  const lines = matrix(() => 'dropped');
  assert.match(lines[1]!, /allowed {3}✗ dropped {2}✗ dropped/);
  assert.deepEqual(lines.slice(5), [
    '2 of 4 verdicts are not as expected:',
    '  web -> api:rest IPv4: expected allowed, seen dropped (silent)',
    '  web -> api:rest IPv6: expected allowed, seen dropped (silent)',
  ]);
});
