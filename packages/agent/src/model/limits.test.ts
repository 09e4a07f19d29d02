/**
 * A model whose tables have no room: it refuses by name, and at no moment of that passes a packet
 * that policy denies, or is dropped one that it allows.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type PolicyDocument, parsePolicies } from '@skep/policy';
import { parsePrefix } from '@skep/wire';
import { checkRefused } from '../health/checks.ts';
import { DatapathTables } from '../tables/datapath-tables.ts';
import { allowOnly, endpoint, WatchedTables } from '../testing/watched-tables.ts';
import type { EndpointFacts } from './endpoint-facts.ts';
import { GROUPS_MAX } from './generation.ts';
import { NodeModel } from './node-model.ts';
import type { NodeModelOptions } from './node-model-options.ts';
import { PolicyRefusedError } from './refused-policy.ts';

const [ANNA, BERT, CARL, DORA] = ['anna', 'bert', 'carl', 'dora'].map((name, index) => {
  return endpoint(index + 1, name);
}) as [EndpointFacts, EndpointFacts, EndpointFacts, EndpointFacts];
const BERTS = 'CiliumNetworkPolicy/default/bert';
const ROOM = { addresses: 1000, prefixes: 1000, selectorSets: 1000 };

/** Anna, bert, carl and dora; bert is open to all but dora. */
function newModel(room: Partial<NonNullable<NodeModelOptions['room']>> = {}) {
  const tables = new WatchedTables();
  let revision = 0;
  const nextRevision = (): number => ++revision;
  const options = { nextRevision, room: { ...ROOM, ...room } };
  const model = new NodeModel(new DatapathTables(tables), options);
  for (const each of [ANNA, BERT, CARL, DORA]) model.addEndpoint(each);
  model.applyDocuments(guarded());
  return { tables, model };
}

/** Bert's door: open but for dora, with more rules beside. */
function guarded(more = ''): PolicyDocument[] {
  const text = `
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: bert }
spec:
  endpointSelector: { matchLabels: { app: bert } }
  ingress:
    - fromEntities: [all]
  ingressDeny:
    - fromEndpoints: [{ matchLabels: { app: dora } }]
${more}`;
  return parsePolicies(text, { file: 'bert.yaml' });
}

/** So many rules, each of a port and a peer of its own. */
function manyPeers(count: number): string {
  const rules = Array.from({ length: count }, (_, index) => {
    const port = `toPorts: [{ ports: [{ port: "${index * 3 + 1}", protocol: TCP }] }]`;
    return `    - { fromEndpoints: [{ matchLabels: { app: nobody-${index} } }], ${port} }\n`;
  });
  return rules.join('');
}

/** One rule for each port: all of these prefixes that have its bit. */
function prefixPolicy(name: string, prefixes: readonly string[], ports: number): PolicyDocument[] {
  const rules = Array.from({ length: ports }, (_, bit) => {
    const own = prefixes.filter((_prefix, index) => ports === 1 || ((index + 1) >> bit) & 1);
    const blocks = own.map((cidr) => `{ ipBlock: { cidr: ${cidr} } }`).join(', ');
    return `    - { ports: [{ port: ${bit + 1} }], from: [${blocks}] }\n`;
  });
  const text = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: ${name} }
spec:
  podSelector: { matchLabels: { app: carl } }
  ingress:
${rules.join('')}`;
  return parsePolicies(text, { file: `${name}.yaml` });
}

const wide = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `198.18.${index}.0/24`);
const single = (count: number): string[] =>
  Array.from({ length: count }, (_, index) => `198.18.0.${index}/32`);

/** After each write of the task: anna reaches bert, dora does not, and nothing else changes. */
function refuses(
  { tables, model }: ReturnType<typeof newModel>,
  task: () => void,
  expected: object,
): void {
  const places = JSON.stringify(model.ipcache.list().map(({ prefix }) => prefix));
  const documents = model.policy.documents().length;
  let writes = 0;
  tables.onWrite = () => {
    writes++;
    assert.equal(tables.isDelivered(DORA, BERT), false, `dora, after write ${writes}`);
    assert.equal(tables.isDelivered(ANNA, BERT), true, `anna, after write ${writes}`);
  };
  assert.throws(task, expected);
  tables.onWrite();
  tables.onWrite = () => {};
  assert.equal(JSON.stringify(model.ipcache.list().map(({ prefix }) => prefix)), places);
  assert.equal(model.policy.documents().length, documents);
  assert.equal(model.policy.groupWidth < 20, true, `${model.policy.groupWidth} bits in use`);
  // And it goes on as if nothing had been.
  model.applyDocuments(allowOnly('carl', 'anna'));
  assert.equal(tables.isDelivered(ANNA, CARL), true);
  assert.equal(tables.isDelivered(BERT, CARL), false);
  model.applyDocuments(guarded('    - fromEndpoints: [{ matchLabels: { app: carl } }]\n'));
  assert.equal(tables.isDelivered(DORA, BERT), false);
  assert.equal(tables.isDelivered(ANNA, BERT), true);
}

test('rules that are too many for one program take the place of none', () => {
  const model = newModel();
  const task = (): void => model.model.applyDocuments(guarded(manyPeers(GROUPS_MAX + 100)));
  refuses(model, task, PolicyRefusedError);
});

test('a refusal names the file of rules that are about who cannot have them', () => {
  const { model } = newModel();
  const documents = [...allowOnly('zoe', 'anna'), ...guarded(manyPeers(GROUPS_MAX + 100))];
  const message = /^apply policy of bert\.yaml: peer groups: \d+ needed/;
  assert.throws(() => model.applyDocuments(documents), { code: 'ERR_POLICY_REFUSED', message });
});

test('rules whose groups are all others than before take the place of none', () => {
  const model = newModel();
  const documents = guarded(manyPeers(GROUPS_MAX + 100));
  const [{ ruleSets }] = documents as [PolicyDocument];
  const withoutDora = ruleSets.map((each) => ({
    ...each,
    rules: each.rules.filter(({ name }) => !name.endsWith('ingressDeny[0]')),
  }));
  const opened = { ...documents[0]!, ruleSets: withoutDora };
  const task = (): void => model.model.applyDocuments([opened]);
  refuses(model, task, PolicyRefusedError);
});

test('rules with more groups than there are bits take the place of none', () => {
  const model = newModel();
  const third = manyPeers(GROUPS_MAX / 3 + 50);
  const others = ['carl', 'anna'].flatMap((name) => {
    const text = `
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: ${name} }
spec:
  endpointSelector: { matchLabels: { app: ${name} } }
  ingress:
${third.replaceAll('nobody', name)}`;
    return parsePolicies(text, { file: `${name}.yaml` });
  });
  const task = (): void => model.model.applyDocuments([...guarded(third), ...others]);
  refuses(model, task, { message: /peer groups: \d+ needed, expected at most 2048/ });
});

for (const [kind, table, list] of [
  ['prefixes', 'skep_prefix', wide],
  ['addresses', 'skep_address', single],
] as const) {
  test(`a policy that names more ${kind} than there is room for is refused as a whole`, () => {
    const model = newModel({ [kind]: 20 });
    const task = (): void => model.model.applyDocuments(prefixPolicy('big', list(30), 1));
    const message = new RegExp(`table ${table}: \\d+ entries needed, expected at most 20 \\(.+\\)`);
    refuses(model, task, { code: 'ERR_TABLE_FULL', message });
    model.model.applyDocuments(prefixPolicy('small', list(8), 1));
  });
}

test('prefixes in more different sets than there is room for are refused as a whole', () => {
  const model = newModel({ selectorSets: 30 });
  const task = (): void => model.model.applyDocuments(prefixPolicy('big', wide(63), 6));
  refuses(model, task, { code: 'ERR_TABLE_FULL', message: /skep_selectors/ });
  model.model.applyDocuments(prefixPolicy('small', wide(7), 3));
});

test('an endpoint whose addresses find no room is not made', () => {
  const model = newModel({ addresses: 5 });
  const eve = { ...endpoint(5, 'eve'), ipv6: parsePrefix('fd00::5').address };
  refuses(model, () => model.model.addEndpoint(eve), { code: 'ERR_TABLE_FULL' });
  assert.equal(model.model.size, 4);
  assert.equal(model.model.identities.size, 4);
});

test('what takes the place of other prefixes is counted before they go', () => {
  const { model } = newModel({ prefixes: 20 });
  model.applyDocuments(prefixPolicy('one', wide(10), 1));
  const others = wide(20).slice(10);
  assert.throws(() => model.applyDocuments(prefixPolicy('one', others, 1)), {
    code: 'ERR_TABLE_FULL',
  });
  model.deleteDocuments(['NetworkPolicy/default/one']);
  model.applyDocuments(prefixPolicy('one', others, 1));
});

/** An agent that starts with rules for bert and carl that are too many. */
function startTooLarge() {
  const tables = new WatchedTables();
  let revision = 0;
  const nextRevision = (): number => ++revision;
  const model = new NodeModel(new DatapathTables(tables), { nextRevision, room: ROOM });
  const documents = guarded(manyPeers(GROUPS_MAX + 100));
  model.fill({ documents, nodeAddresses: [], endpoints: [ANNA, BERT, CARL, DORA] });
  assert.equal(tables.isDelivered(ANNA, BERT), false);
  assert.equal(tables.isDelivered(ANNA, CARL), true);
  assert.match(checkRefused({ model }).join(), TOO_MANY);
  return { tables, model };
}
const TOO_MANY =
  /^nothing passes at default\/bert, by rules that cannot be carried out: peer groups: \d+ needed/;

test('rules that are refused at a start are told until they are deleted', () => {
  const { tables, model } = startTooLarge();
  model.addEndpoint(endpoint(5, 'eve'));
  assert.throws(() => model.applyDocuments(guarded(manyPeers(GROUPS_MAX + 99))));
  assert.match(checkRefused({ model }).join(), TOO_MANY);
  model.deleteDocuments([BERTS]);
  assert.deepEqual(checkRefused({ model }), []);
  assert.equal(tables.isDelivered(ANNA, BERT), true);
});

test('rules that are refused at a start are told until others take their place', () => {
  const tables = new DatapathTables(new WatchedTables());
  const compile = tables.compile.bind(tables);
  tables.compile = (subject, table) => {
    if (table.ingress.segments.length > 0) throw new Error('program too large');
    return compile(subject, table);
  };
  let revision = 0;
  const model = new NodeModel(tables, { nextRevision: () => ++revision, room: ROOM });
  model.fill({ documents: guarded(), nodeAddresses: [], endpoints: [ANNA, BERT] });
  const found = checkRefused({ model }).join();
  assert.match(found, /^nothing passes at default\/bert, .*: program too large$/);
  tables.compile = compile;
  model.applyDocuments(guarded(manyPeers(1)));
  assert.deepEqual(checkRefused({ model }), []);
});

test('they are told no more when those they are about have gone', () => {
  const { model } = startTooLarge();
  model.removeEndpoint(BERT.id);
  assert.deepEqual(checkRefused({ model }), []);
  assert.throws(() => model.addEndpoint(BERT), PolicyRefusedError);
  assert.deepEqual(checkRefused({ model }), []);
});
