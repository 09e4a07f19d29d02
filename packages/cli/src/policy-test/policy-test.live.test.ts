/** Policy tests with real packets: what they say, and that nothing of them stays. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { canUseBpf } from '@skep/bpf';
import { LabRecord } from '@skep/lab';
import { labTraces } from '../testing/lab-traces.ts';
import { RunningSkep } from '../testing/run-skep.ts';

const EXAMPLES = fileURLToPath(new URL('../../../../examples/policy-tests/', import.meta.url));

describe('policy tests with real packets', { skip: canUseBpf() ?? false }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'skep-live-test-'));
  const started: RunningSkep[] = [];

  afterEach(() => {
    for (const { pid } of started.splice(0)) {
      LabRecord.read(`test.${pid}`)?.remove();
    }
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function start(...words: readonly string[]): RunningSkep {
    const skep = new RunningSkep(['policy', 'test', '--live', ...words]);
    started.push(skep);
    return skep;
  }

  /** An example with something else in it. */
  function changed(name: string, from: string, to: string): string {
    const text = readFileSync(join(EXAMPLES, `${name}.yaml`), 'utf8');
    assert.ok(text.includes(from));
    const file = join(folder, `${name}.yaml`);
    writeFileSync(file, text.replace(from, to).replace('../labs', join(EXAMPLES, '../labs')));
    return file;
  }

  test('an example is seen on the wire as expected: both families, ICMP', async () => {
    const skep = start(join(EXAMPLES, 'dual-stack.yaml'));
    const { status, output, errors } = await skep.ended;
    assert.deepEqual([status, errors], [0, ''], output);
    assert.match(output, /dual-stack\.yaml: 11 of 11 verdicts as expected, live \(6 over IPv4, 5/);
    assert.deepEqual(labTraces(`test.${skep.pid}`), []);
  });

  test('a wrong expectation fails, with the rule that decided in the kernel', async () => {
    const wrong = 'port: 22, expect: deny';
    const file = changed('dual-stack', wrong, wrong.replace('deny', 'allow'));
    const skep = start(file, '--json');
    const { status, output } = await skep.ended;
    assert.equal(status, 1);
    const [report] = JSON.parse(output);
    const failed = report.verdicts.filter((each: { isAsExpected: boolean }) => !each.isAsExpected);
    assert.deepEqual(
      failed.map((each: { family: string }) => each.family),
      ['IPv4', 'IPv6'],
    );
    for (const each of failed) {
      assert.deepEqual([each.seen, each.decided], ['deny', 'deny']);
      assert.equal(each.detail, 'silent; the kernel dropped it: policy denied by default/web');
      assert.match(each.ingress.text, /no rule of default\/web matches/);
    }
    assert.deepEqual(labTraces(`test.${skep.pid}`), []);
  });

  test('what this kernel lacks is refused by name, before anything is made', async () => {
    const sctp = 'port: 443, protocol: SCTP, expect: deny';
    const echo = 'icmp: EchoRequest, expect: deny';
    const file = changed('dual-stack', echo, echo.replace('EchoRequest', '13'));
    const skep = start(file);
    const { status, output, errors } = await skep.ended;
    assert.deepEqual([status, output], [1, '']);
    assert.match(errors, /spec\.probes\[4\]: ICMP 13 cannot be tried live: nothing answers this/);
    if (existsSync('/proc/net/sctp')) return;
    const other = changed('dual-stack', 'port: 443, expect: deny', sctp);
    const refused = await start(other).ended;
    assert.equal(refused.status, 1);
    assert.match(refused.errors, /SCTP 443 cannot be tried live: this kernel has no SCTP/);
  });
});
