/**
 * The model, one write at a time: a packet is sent after every single write to the tables, and at
 * no moment passes one that neither the old rules nor the new ones allow.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePolicies } from '@skep/policy';
import { DatapathTables } from '../tables/datapath-tables.ts';
import { readInherited } from '../tables/inherited.ts';
import { allowOnly, endpoint, WatchedTables } from '../testing/watched-tables.ts';
import { NodeModel } from './node-model.ts';
import { PolicyRefusedError } from './refused-policy.ts';

const ANNA = endpoint(1, 'anna');
const BERT = endpoint(2, 'bert');
const CARL = endpoint(3, 'carl');
const DORA = endpoint(4, 'dora');

test('a new endpoint is closed until its rules are in force', () => {
  const tables = new WatchedTables();
  let revision = 0;
  const model = new NodeModel(new DatapathTables(tables), { nextRevision: () => ++revision });
  model.applyDocuments(allowOnly('bert', 'carl'));
  model.addEndpoint(ANNA);
  let writes = 0;
  tables.onWrite = () => {
    writes++;
    assert.equal(tables.isDelivered(ANNA, BERT), false, `after write ${writes}`);
  };
  model.addEndpoint(BERT);
  assert.ok(writes > 3);
});

test('a change of rules never allows what neither the old nor the new rules do', () => {
  const tables = new WatchedTables();
  let revision = 0;
  const model = new NodeModel(new DatapathTables(tables), { nextRevision: () => ++revision });
  for (const each of [ANNA, BERT, CARL, DORA]) model.addEndpoint(each);
  model.applyDocuments(allowOnly('bert', 'anna'));
  tables.onWrite = () => assert.equal(tables.isDelivered(DORA, BERT), false);
  model.applyDocuments(allowOnly('bert', 'carl'));
  assert.equal(tables.isDelivered(ANNA, BERT), false);
  assert.equal(tables.isDelivered(CARL, BERT), true);
});

test('new labels: rules of the old ones or of the new ones, nothing in between', () => {
  const tables = new WatchedTables();
  let revision = 0;
  const model = new NodeModel(new DatapathTables(tables), { nextRevision: () => ++revision });
  for (const each of [ANNA, BERT, CARL]) model.addEndpoint(each);
  model.applyDocuments([...allowOnly('bert', 'anna'), ...allowOnly('carl', 'dora')]);
  let writes = 0;
  tables.onWrite = () => {
    writes++;
    // Neither anna nor dora may talk to anna's neighbours as the other may.
    assert.equal(tables.isDelivered(BERT, CARL), false, `after write ${writes}`);
    const [toBert, toCarl] = [tables.isDelivered(ANNA, BERT), tables.isDelivered(ANNA, CARL)];
    assert.equal(toBert && toCarl, false, `both, after write ${writes}`);
  };
  const renewed = model.relabelEndpoint(ANNA.id, { app: 'dora' });
  assert.equal(tables.isDelivered(ANNA, BERT), false);
  assert.equal(tables.isDelivered(ANNA, CARL), true);
  assert.equal(model.endpoint(ANNA.id), renewed);
  model.relabelEndpoint(ANNA.id, { app: 'anna' });
  assert.equal(tables.isDelivered(ANNA, BERT), true);
  assert.equal(model.identities.entries().length, 3);
});

test('a policy that cannot be carried out changes nothing', () => {
  const tables = new WatchedTables();
  let revision = 0;
  const model = new NodeModel(new DatapathTables(tables), { nextRevision: () => ++revision });
  for (const each of [ANNA, BERT]) model.addEndpoint(each);
  const ports = Array.from({ length: 2100 }, (_, index) => `{ port: ${index * 3 + 1} }`);
  const text = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: bert }
spec: { podSelector: { matchLabels: { app: bert } }, ingress: [{ ports: [${ports.join(', ')}] }] }
`;
  const documents = parsePolicies(text, { file: 'huge.yaml' });
  tables.onWrite = () => assert.equal(tables.isDelivered(ANNA, BERT), true);
  assert.throws(() => model.applyDocuments(documents), PolicyRefusedError);
  assert.equal(tables.isDelivered(ANNA, BERT), true);
  assert.deepEqual(model.policy.documents(), []);
});

test('a takeover changes no verdict at any moment, also after one that was cut short', () => {
  const endpoints = [ANNA, BERT, CARL, DORA];
  const documents = [...allowOnly('carl', 'bert'), ...allowOnly('dora', 'anna')];
  for (const writesBeforeDeath of [undefined, 1, 8, 20, 40]) {
    const tables = new WatchedTables();
    let revision = 0;
    const nextRevision = (): number => ++revision;
    const first = new NodeModel(new DatapathTables(tables), { nextRevision });
    for (const each of endpoints) first.addEndpoint(each);
    // In another order than the next agent reads them, so that the same groups have other numbers.
    for (const each of [...documents].reverse()) first.applyDocuments([each]);
    const verdicts = (): string =>
      [ANNA, BERT]
        .flatMap((from) => [CARL, DORA].map((to) => (tables.isDelivered(from, to) ? 1 : 0)))
        .join('');
    const expected = verdicts();
    const takeOver = (limit?: number): void => {
      let writes = 0;
      tables.onWrite = () => {
        assert.equal(verdicts(), expected, `write ${writes}, cut at ${writesBeforeDeath}`);
        if (++writes === limit) throw new CutShort();
      };
      const inherited = readInherited(tables);
      const options = { nextRevision, generation: 1, inherited } as const;
      const next = new NodeModel(new DatapathTables(tables), options);
      for (const each of first.list()) next.numbers.restore(each, each);
      next.fill({ documents, nodeAddresses: [], endpoints });
      next.dropInherited();
    };
    if (writesBeforeDeath !== undefined) assert.throws(() => takeOver(writesBeforeDeath), CutShort);
    takeOver();
  }
});

/** What stands for SIGKILL. */
class CutShort extends Error {}
