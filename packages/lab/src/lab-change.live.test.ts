/** A lab that changes while it is up, and one that nobody waits for any more. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, describe, test } from 'node:test';
import { canUseBpf } from '@skep/bpf';
import { listNamespaces } from '@skep/netlink';
import { Lab } from './lab.ts';
import { parseLab } from './lab-file.ts';
import { LabRecord, listLabs } from './lab-record.ts';

const NAME = `change${process.pid}`;
const ROUNDS_MAX = 20;

const SPEC = parseLab(
  `
apiVersion: skep.dev/v1
kind: Lab
metadata: { name: ${NAME} }
spec:
  endpoints:
    - { name: web, ipv4: 10.78.0.1 }
    - name: api
      labels: { app: api }
      ipv4: 10.78.0.2
      serves: [{ name: rest, protocol: TCP, port: 80, kind: tcp }]
  policies: [closed.yaml]
  probes:
    - { from: web, to: api, port: rest, expect: dropped }
`,
  'change.yaml',
);

const CLOSED = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: closed, namespace: default }
spec: { podSelector: { matchLabels: { app: api } }, policyTypes: [Ingress] }
`;

describe('a lab that changes', { skip: canUseBpf() ?? false }, () => {
  const baseDirectory = mkdtempSync(join(tmpdir(), 'skep-lab-'));
  writeFileSync(join(baseDirectory, 'closed.yaml'), CLOSED);

  afterEach(() => LabRecord.read(NAME)?.remove());
  after(() => rmSync(baseDirectory, { recursive: true, force: true }));

  test('a policy deleted under traffic lets it through, and its flows are seen', async () => {
    const lab = await Lab.up(SPEC, { baseDirectory });
    try {
      const seen = async (): Promise<string> => (await lab.probeAll())[0]!.seen;
      assert.equal(await seen(), 'dropped');
      let isForwarded = false;
      const stop = await lab.agent.followFlows({ verdict: 'forwarded', port: 80 }, () => {
        isForwarded = true;
      });
      // Traffic is on its way while the policy goes.
      const running = lab.probeAll();
      await lab.agent.deletePolicies(['NetworkPolicy/default/closed']);
      await running;
      assert.equal(await seen(), 'allowed');
      for (let round = 0; round < ROUNDS_MAX && !isForwarded; round++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      assert.equal(isForwarded, true);
      stop();
    } finally {
      await lab.down();
    }
  });

  test('a lab that is not waited for any more leaves nothing', async () => {
    const controller = new AbortController();
    const onProgress = (step: string): void => {
      if (step.startsWith('endpoint default/api')) controller.abort();
    };
    await assert.rejects(Lab.up(SPEC, { baseDirectory, signal: controller.signal, onProgress }), {
      code: 'ERR_LAB_INTERRUPTED',
      message: `bring up lab ${NAME}: interrupted (nothing of it is left)`,
    });
    assert.deepEqual(
      listNamespaces().filter((name) => name.startsWith(`skep-${NAME}-`)),
      [],
    );
    assert.equal(listLabs().includes(NAME), false);
  });
});
