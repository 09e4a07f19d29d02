import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatPrefix, parsePrefix } from '@skep/wire';
import type { PlaceChange } from './changes.ts';
import { decideByTable, PolicyProtocol, type Segment } from './decision-table.ts';
import { parsePolicies } from './documents/parse.ts';
import { reservedLabels, workloadLabels } from './labels.ts';
import type { Peer, PolicyDocument, Subject } from './model.ts';
import { cilium, kubernetes } from './policy-cases.ts';
import { PolicySet } from './policy-set.ts';

function pod(labels: Record<string, string>, ...addresses: string[]): Peer & Subject {
  return {
    labels: workloadLabels(labels, 'shop'),
    isManaged: true,
    prefixes: addresses.map(parsePrefix),
  };
}

function read(...policies: string[]): PolicyDocument[] {
  return parsePolicies(policies.join('\n---\n'), { file: 'shop.yaml' });
}

function fromBlock(name: string, cidr: string, port = 80): PolicyDocument[] {
  const rule = `{from: [{ipBlock: {cidr: ${cidr}}}], ports: [{port: ${port}}]}`;
  const spec = `{podSelector: {matchLabels: {app: api}}, ingress: [${rule}]}`;
  return read(kubernetes(spec, 'shop', name));
}

function show(places: readonly PlaceChange[]): string[] {
  return places.map(({ kind, prefix, before, after }) => {
    return `${kind} ${formatPrefix(prefix!)} ${before} -> ${after}`;
  });
}

const byRules = { localHost: 'by-rules' } as const;

test('one more prefix beside 10,000 others is one more place, and no new code', () => {
  const set = new PolicySet(byRules);
  set.setSubject('api', pod({ app: 'api' }));
  const documents = Array.from({ length: 10_000 }, (_, index) =>
    fromBlock(`p${index}`, `172.16.${index >> 8}.${index & 255}/32`),
  ).flat();
  const all = set.apply(documents);
  assert.equal(all.groupsAdded.length, 1);
  assert.equal(all.places.length, 10_000);
  const [group] = all.groupsAdded;
  const changes = set.apply(fromBlock('one-more', '192.0.2.1/32'));
  assert.deepEqual(show(changes.places), [`added 192.0.2.1/32 ${group} -> ${group}`]);
  assert.deepEqual(changes.subjects, []);
  assert.deepEqual([changes.groupsAdded, changes.groupsReleased], [[], []]);
  assert.equal(changes.revision, all.revision + 1);
  const undone = set.delete(['NetworkPolicy/shop/one-more']);
  assert.deepEqual(show(undone.places), ['removed 192.0.2.1/32  -> ']);
  assert.deepEqual(undone.subjects, []);
});

test('one more rule on another port brings code with one more segment', () => {
  const set = new PolicySet(byRules);
  set.setSubject('api', pod({ app: 'api' }));
  const first = set.apply(fromBlock('a', '192.0.2.1/32', 80)).subjects[0]!.table.ingress;
  const { allowGroup } = first.segments[0]!;
  const segment = (port: number): Segment => ({
    protocol: PolicyProtocol.Tcp,
    first: port,
    last: port,
    allowGroup: allowGroup!,
  });
  assert.deepEqual(first, { isEnforced: true, segments: [segment(80)] });
  const changes = set.apply(fromBlock('b', '192.0.2.1/32', 443));
  // The same peers are the same bit.
  assert.deepEqual(changes.groupsAdded, []);
  const { segments } = changes.subjects[0]!.table.ingress;
  assert.deepEqual(segments, [segment(80), segment(443)]);
});

test('subjects that the same rules select share bits; one that differs gets its own', () => {
  const set = new PolicySet(byRules);
  for (const zone of ['a', 'b', 'c']) set.setSubject(zone, pod({ app: 'api', zone }));
  const both = set.apply(fromBlock('a', '192.0.2.1/32'));
  assert.equal(both.subjects.length, 3);
  assert.equal(both.groupsAdded.length, 1);
  const rule = '{from: [{ipBlock: {cidr: 192.0.2.7/32}}], ports: [{port: 80}]}';
  const spec = `{podSelector: {matchLabels: {zone: a}}, ingress: [${rule}]}`;
  const one = set.apply(read(kubernetes(spec, 'shop', 'b')));
  assert.deepEqual(
    one.subjects.map(({ key }) => key),
    ['a'],
  );
  assert.equal(one.groupsAdded.length, 1);
  assert.deepEqual(one.groupsReleased, []);
  const back = set.delete(['NetworkPolicy/shop/b']);
  assert.deepEqual(
    back.subjects.map(({ key }) => key),
    ['a'],
  );
  assert.deepEqual(back.groupsReleased, one.groupsAdded);
  assert.deepEqual(set.table('a'), set.table('b'));
});

test('a bit is used again only after it was released', () => {
  const set = new PolicySet(byRules);
  set.setSubject('api', pod({ app: 'api' }));
  const [first] = set.apply(fromBlock('a', '192.0.2.1/32')).groupsAdded;
  assert.deepEqual(set.delete(['NetworkPolicy/shop/a']).groupsReleased, [first]);
  const [second] = set.apply(fromBlock('a', '192.0.2.1/32')).groupsAdded;
  assert.notEqual(second, first);
  set.release(set.delete(['NetworkPolicy/shop/a']).groupsReleased);
  assert.deepEqual(set.apply(fromBlock('a', '192.0.2.1/32')).groupsAdded, [second]);
  assert.equal(set.groupWidth, 2);
});

test('applying the same document again changes nothing', () => {
  const set = new PolicySet();
  set.setSubject('api', pod({ app: 'api' }));
  set.setPeer('web', pod({ app: 'web' }, '10.0.0.1'));
  const documents = read(kubernetes('{podSelector: {}, ingress: [{from: [{podSelector: {}}]}]}'));
  const first = set.apply(documents);
  assert.equal(first.isMembershipChanged, true);
  const again = set.apply(documents);
  assert.deepEqual([again.places, again.subjects, again.groupsAdded], [[], [], []]);
  assert.equal(again.revision, first.revision);
});

test('a policy about nobody on this node costs no bit and no prefix', () => {
  const set = new PolicySet(byRules);
  set.setSubject('web', pod({ app: 'web' }));
  const changes = set.apply(fromBlock('a', '192.0.2.1/32'));
  assert.deepEqual([changes.places, changes.subjects, changes.groupsAdded], [[], [], []]);
  assert.deepEqual(set.prefixesInUse().map(formatPrefix), ['0.0.0.0/0', '::/0']);
});

test('a peer that comes, changes and goes touches its own addresses only', () => {
  const set = new PolicySet(byRules);
  set.setSubject('api', pod({ app: 'api' }));
  set.setPeer('other', pod({ app: 'web' }, '10.0.0.9'));
  const rule = '{from: [{podSelector: {matchLabels: {app: web}}}]}';
  set.apply(read(kubernetes(`{podSelector: {matchLabels: {app: api}}, ingress: [${rule}]}`)));
  const came = set.setPeer('web', pod({ app: 'web' }, '10.0.0.1', 'fd00::1'));
  assert.deepEqual(show(came.places), ['added 10.0.0.1/32 0 -> 0', 'added fd00::1/128 0 -> 0']);
  assert.equal(came.isMembershipChanged, false);
  const changed = set.setPeer('web', pod({ app: 'old' }, '10.0.0.1', 'fd00::1'));
  assert.deepEqual(show(changed.places), ['changed 10.0.0.1/32  -> ', 'changed fd00::1/128  -> ']);
  assert.equal(changed.isMembershipChanged, true);
  const gone = set.deletePeer('web');
  assert.deepEqual(show(gone.places), ['removed 10.0.0.1/32  -> ', 'removed fd00::1/128  -> ']);
});

test('an address that rules name goes back to them when its peer goes', () => {
  const set = new PolicySet(byRules);
  set.setSubject('api', pod({ app: 'api' }));
  set.apply(fromBlock('a', '192.0.2.1/32'));
  const came = set.setPeer('web', pod({ app: 'web' }, '192.0.2.1'));
  assert.deepEqual(show(came.places), ['added 192.0.2.1/32 0 -> 0']);
  const gone = set.deletePeer('web');
  assert.deepEqual(show(gone.places), ['added 192.0.2.1/32 0 -> 0']);
  assert.equal(gone.places[0]!.peerKey, undefined);
});

test('an address that the node and an endpoint have is the node’s, whoever came first', () => {
  const node = { labels: reservedLabels('host'), isManaged: true };
  const [address, other] = [parsePrefix('10.0.0.1/32'), parsePrefix('10.0.0.2/32')];
  const set = new PolicySet(byRules);
  set.setPeer('web', pod({ app: 'web' }, '10.0.0.1'));
  const came = set.setPeer('node', { ...node, prefixes: [other, address] });
  assert.ok(came.places.some(({ peerKey, prefix }) => peerKey === 'node' && prefix === address));
  assert.equal(set.peerAtAddress('10.0.0.1').key, 'node');
  assert.deepEqual(show(set.setPeer('web', pod({ app: 'new' }, '10.0.0.1')).places), []);
  assert.deepEqual(show(set.setPeer('db', pod({ app: 'db' }, '10.0.0.2')).places), []);
  const gone = set.deletePeer('web');
  assert.equal(gone.places[0]!.peerKey, 'node');
  const left = set.setPeer('node', { ...node, prefixes: [address] });
  assert.deepEqual(
    left.places.map(({ peerKey, kind }) => [peerKey, kind]),
    [['db', 'added']],
  );
});

test('what rules name within a prefix of the node stays the node’s', () => {
  const node = { labels: reservedLabels('host'), isManaged: true };
  const wide = parsePrefix('10.50.0.0/16');
  const set = new PolicySet(byRules);
  set.setSubject('api', pod({ app: 'api' }));
  set.apply(
    read(
      cilium(
        '{endpointSelector: {}, egressDeny: [{toEntities: [host]}], egress: [{toEntities: [all]}]}',
      ),
    ),
  );
  set.setPeer('node', { ...node, prefixes: [wide] });
  const groups = set.groupsOfAddress('10.50.0.5');
  assert.ok(groups.length > 0);
  const named = set.apply(fromBlock('named', '10.50.0.5/32'));
  const [place] = named.places.filter(({ prefix }) => formatPrefix(prefix!) === '10.50.0.5/32');
  assert.deepEqual([place!.kind, place!.peerKey], ['added', 'node']);
  assert.equal(named.isMembershipChanged, true);
  for (const group of groups) assert.ok(set.groupsOfAddress('10.50.0.5').includes(group));
  assert.equal(set.peerAtAddress('10.50.0.5').key, 'node');
  // An endpoint has its own address, and the world what the node no longer has.
  set.setPeer('web', pod({ app: 'web' }, '10.50.0.5'));
  assert.equal(set.peerAtAddress('10.50.0.5').key, 'web');
  set.deletePeer('web');
  assert.equal(set.peerAtAddress('10.50.0.5').key, 'node');
  const without = set.deletePeer('node');
  assert.equal(set.peerAtAddress('10.50.0.5').key, undefined);
  const left = without.places.find(({ prefix }) => formatPrefix(prefix!) === '10.50.0.5/32');
  assert.deepEqual([left?.kind, left?.peerKey], ['changed', undefined]);
  set.setPeer('node', { ...node, prefixes: [wide] });
  assert.equal(set.peerAtAddress('10.50.0.5').key, 'node');
  set.delete(['NetworkPolicy/shop/named']);
  assert.deepEqual(set.groupsOfAddress('10.50.0.5'), groups);
});

test('an update restricts first and grants last', () => {
  const set = new PolicySet(byRules);
  set.setSubject('api', pod({ app: 'api' }));
  set.setPeer('web', pod({ app: 'web' }, '10.0.0.1'));
  set.setPeer('old', pod({ app: 'old' }, '10.0.0.2'));
  const api = 'podSelector: {matchLabels: {app: api}}';
  const allow = (app: string, more = '') => {
    const peer = `{from: [{podSelector: {matchLabels: {app: ${app}}}}]}`;
    return read(kubernetes(`{${api}, ingress: [${peer}${more}]}`));
  };
  set.apply(allow('old'));
  // Where the code stays, each place is written once.
  const alone = set.apply(allow('web'));
  assert.deepEqual(show(alone.places).sort(), [
    'changed 10.0.0.1/32 0 -> 0',
    'changed 10.0.0.2/32  -> ',
  ]);
  assert.deepEqual(alone.subjects, []);
  // Where it is swapped, what is lost goes before it and what is won comes after it.
  const { places, subjects } = set.apply(allow('old', ', {ports: [{port: 443}]}'));
  assert.deepEqual(show(places).sort(), ['changed 10.0.0.1/32  -> ', 'changed 10.0.0.2/32  -> 0']);
  assert.equal(subjects.length, 1);
});

test('an allow rule never takes effect before the deny rule that came with it', () => {
  const set = new PolicySet(byRules);
  set.setSubject('api', pod({ app: 'api' }));
  set.setPeer('web', pod({ app: 'web' }, '10.0.0.1'));
  const rules = (app: string, more: string) =>
    read(
      cilium(`{endpointSelector: {matchLabels: {app: api}},
        ingress: [{fromEndpoints: [{matchLabels: {app: ${app}}}]}]${more}}`),
    );
  const old = set.apply(rules('old', '')).subjects[0]!.table.ingress;
  const web = '{matchLabels: {app: web}}';
  const deny = `, ingressDeny: [{fromEndpoints: [${web}], toPorts: [{ports: [{port: '22'}]}]}]`;
  const { places, subjects } = set.apply(rules('web', deny));
  const now = subjects[0]!.table.ingress;
  const { before, after } = places[0]!;
  const verdicts = (table: typeof old, groups: readonly number[]) =>
    [22, 80].map((port) => decideByTable(table, PolicyProtocol.Tcp, port, new Set(groups)));
  assert.deepEqual(verdicts(old, before), ['deny', 'deny']);
  assert.deepEqual(verdicts(now, before), ['deny', 'deny']);
  assert.deepEqual(verdicts(now, after), ['deny', 'allow']);
});

test('a number that a peer gives to a port opens the rules that name it', () => {
  const set = new PolicySet(byRules);
  set.setSubject('web', pod({ app: 'web' }));
  const rule = '{to: [{podSelector: {}}], ports: [{port: http}]}';
  set.apply(read(kubernetes(`{podSelector: {}, policyTypes: [Egress], egress: [${rule}]}`)));
  assert.deepEqual(set.table('web')!.egress, { isEnforced: true, segments: [] });
  const http = { name: 'http', protocol: PolicyProtocol.Tcp, port: 8080 };
  const came = set.setPeer('api', { ...pod({ app: 'api' }, '10.0.0.2'), namedPorts: [http] });
  const [segment] = came.subjects[0]!.table.egress.segments;
  assert.deepEqual([segment!.first, segment!.last], [8080, 8080]);
  assert.deepEqual(set.groupsOfAddress('10.0.0.2'), [segment!.allowGroup]);
  const gone = set.deletePeer('api');
  assert.deepEqual(gone.subjects[0]!.table.egress.segments, []);
  assert.deepEqual(gone.groupsReleased, [segment!.allowGroup]);
});

test('10,000 rules one by one: under a millisecond each', (t) => {
  const set = new PolicySet();
  for (let index = 0; index < 10; index++) {
    set.setSubject(`api${index}`, pod({ app: 'api', index: String(index) }));
  }
  const documents = Array.from({ length: 10_000 }, (_, index) =>
    fromBlock(`p${index}`, `172.16.${index >> 8}.${index & 255}/32`, 1 + (index % 5)),
  );
  const start = performance.now();
  for (const one of documents) set.release(set.apply(one).groupsReleased);
  const each = (performance.now() - start) / documents.length;
  t.diagnostic(`${each.toFixed(3)} ms each`);
  // Far above what it takes, so that a busy machine does not fail it, and far below quadratic.
  assert.ok(each < 5, `${each} ms`);
});
