/** What `npm start` is, and the commands that ask its agent, on a real kernel. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import type { EndpointView, ExplainView, FlowView } from '@skep/agent';
import { canUseBpf } from '@skep/bpf';
import { LABS_DIRECTORY, LabRecord, listLabs } from '@skep/lab';
import { type Run, RunningSkep, runSkep } from './testing/run-skep.ts';

const LABS = new URL('../../../examples/labs/', import.meta.url).pathname;
const NAME = `demo${process.pid}`;
const SOCKET = join(LABS_DIRECTORY, NAME, 'agent.sock');

describe('a demo on the kernel', { skip: canUseBpf() ?? false }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'skep-demo-'));
  const file = join(folder, 'lab.yaml');
  const shop = readFileSync(join(LABS, 'shop.yaml'), 'utf8').replace('name: shop', `name: ${NAME}`);
  writeFileSync(file, shop.replace('shop-policies.yaml', join(LABS, 'shop-policies.yaml')));
  writeFileSync(join(folder, 'wrong.yaml'), shop.replace('- shop-policies.yaml', '[]'));
  let demo: RunningSkep;

  before(async () => {
    demo = new RunningSkep(['demo', file]);
    await demo.until('live flows');
  });

  after(() => {
    demo.kill('SIGKILL');
    LabRecord.read(NAME)?.remove();
    rmSync(folder, { recursive: true, force: true });
  });

  const ask = (...words: readonly string[]): Promise<Run> => runSkep(...words, '--socket', SOCKET);
  const askJson = async (...words: readonly string[]): Promise<unknown> =>
    JSON.parse((await ask(...words, '--json')).output);

  test('flows are seen with names and the rule that decided', async () => {
    await demo.until('by shop/');
    const { status, output } = await ask('observe', '--verdict', 'dropped', '--last', '5');
    assert.equal(status, 0);
    assert.match(output, /-> shop\/\w+:\d+ .*dropped/);
    const json = await ask('observe', '--port', '5432', '--json', '--last', '3');
    const flows = json.output
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as FlowView);
    assert.equal(flows.length, 3);
    for (const { source, destination } of flows) {
      assert.ok([source.port, destination.port].includes(5432));
    }
  });

  test('lists are tables for people and JSON for programs', async () => {
    const { output } = await ask('endpoint', 'list');
    assert.match(output, /^\d+ +shop\/database +ready +\d+ +10\.77\.0\.13 +fd77::13 +both/m);
    const endpoints = (await askJson('endpoint', 'list')) as EndpointView[];
    assert.equal(endpoints.length, 4);
    assert.match(
      (await ask('ipcache', 'list')).output,
      /^10\.77\.0\.66\/32 +\d+ +street\/intruder$/m,
    );
    assert.match((await ask('identity', 'list')).output, /k8s:app=intruder/);
    assert.match((await ask('policy', 'list')).output, /^CiliumNetworkPolicy\/shop\/database/m);
    assert.match((await ask('status')).output, /^endpoints +4 with/m);
  });

  test('explain says why', async () => {
    const words = ['explain', '--from', 'intruder', '--to', 'database', '--port', 'sql'];
    assert.match((await ask(...words)).output, /^intruder -> database TCP sql: deny/);
    const answer = (await askJson(...words)) as ExplainView;
    assert.equal(answer.ingress?.verdict, 'deny');
    assert.match(answer.ingress?.rules.join(' ') ?? '', /shop\/database/);
  });

  test('explain says that an endpoint reaches itself, as it does', async () => {
    const { output } = await ask('explain', '--from', 'api', '--to', 'shop/api', '--port', 'rest');
    const own = 'an endpoint always reaches itself; no policy is asked';
    assert.equal(output, `api -> shop/api TCP rest: allow\n  ${own}\n`);
  });

  test('an endpoint is relabelled by the last part of its name', async () => {
    const { status, output, errors } = await ask('endpoint', 'label', 'api', 'app=api');
    assert.deepEqual([status, errors], [0, '']);
    assert.match(output, /^api has identity \d+\n$/);
  });

  test('a policy is deleted and applied again', async () => {
    const key = 'NetworkPolicy/shop/api';
    assert.match((await ask('policy', 'delete', key)).output, new RegExp(`^deleted ${key}$`, 'm'));
    const again = await ask('policy', 'delete', key);
    assert.equal(again.status, 1);
    assert.match(again.errors, /^error: delete policy NetworkPolicy\/shop\/api: not there/);
    assert.equal(again.output, '');
    const { output } = await ask('policy', 'apply', join(LABS, 'shop-policies.yaml'));
    assert.match(output, new RegExp(`^applied ${key}$`, 'm'));
  });

  test('of several files none is applied where one is wrong, or not there', async () => {
    const good = join(folder, 'good.yaml');
    const bad = join(folder, 'bad.yaml');
    const head = 'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\n';
    writeFileSync(good, `${head}metadata: { name: good }\nspec: { podSelector: {} }\n`);
    writeFileSync(bad, `${head}metadata: { name: bad }\nspec: { podSelector: 1 }\n`);
    const missing = join(folder, 'missing.yaml');
    for (const [other, want] of [
      [bad, `error: ${bad}:4: `],
      [missing, `error: read ${missing}: no such file`],
    ] as const) {
      const { status, output, errors } = await ask('policy', 'apply', good, other);
      assert.deepEqual([status, output], [1, '']);
      assert.ok(errors.startsWith(want), errors);
    }
    const node = join(folder, 'node.yaml');
    const cilium = 'apiVersion: cilium.io/v2\nkind: CiliumClusterwideNetworkPolicy\n';
    const spec = 'spec: { nodeSelector: {}, ingress: [{}] }\n';
    writeFileSync(node, `${cilium}metadata: { name: node }\n${spec}`);
    const refused = await ask('policy', 'apply', good, node);
    assert.deepEqual([refused.status, refused.output], [1, '']);
    assert.ok(refused.errors.includes(`/node of ${node}: about this node`), refused.errors);
    assert.doesNotMatch((await ask('policy', 'list')).output, /good/);
  });

  test('a second one of its name is refused while it is up', async () => {
    const { status, errors } = await runSkep('demo', file, '--once');
    assert.equal(status, 1);
    assert.match(errors, /is up already/);
    assert.match((await runSkep('lab', 'list')).output, new RegExp(`^${NAME} +up$`, 'm'));
  });

  test('Ctrl-C takes everything away and says so', async () => {
    demo.kill('SIGINT');
    const { status, output, errors } = await demo.ended;
    assert.deepEqual([status, errors], [0, '']);
    assert.match(output, /nothing of it is left\n$/);
    assert.equal(listLabs().includes(NAME), false);
    assert.deepEqual(
      readdirSync('/run/netns').filter((name) => name.startsWith(`skep-${NAME}-`)),
      [],
    );
  });

  test('verdicts that are not as expected end in exit status 1', async () => {
    const { status, output } = await runSkep('demo', join(folder, 'wrong.yaml'), '--once');
    assert.equal(status, 1, output);
    assert.match(output, /of 32 verdicts are not as expected/);
    assert.equal(listLabs().includes(NAME), false);
  });
});
