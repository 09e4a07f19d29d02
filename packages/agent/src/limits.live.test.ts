/** Every table of an agent, filled in the kernel: what is refused, what gives way, what is told. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type BpfMap, canUseBpf, deleteBatch, openPinnedMap, updateBatch } from '@skep/bpf';
import { mapShapeOf } from '@skep/bytecode';
import {
  currentLayout,
  datapathFamily,
  layoutName,
  masqueradeFamily,
  type TableLimit,
  tableLimits,
} from '@skep/datapath';
import { createNamespace, deleteNamespace, Network } from '@skep/netlink';
import { Agent } from './agent.ts';
import type { EndpointRequest } from './views.ts';

const PREFIX = `skep-limits-${process.pid}`;
const pathOf = (name: string): string => `/run/netns/${PREFIX}-${name}`;
const ANNA: EndpointRequest = {
  name: 'anna',
  namespace: 'test',
  labels: { app: 'anna' },
  ipv4: '10.92.0.1',
  networkNamespace: pathOf('anna'),
};
/** Whose entries come one by one; the others have rows, which the agent gives. */
const COUNTED = ['hash', 'lruHash', 'lpmTrie'];
const counted = tableLimits.filter(({ map }) => COUNTED.includes(map.kind));
/** Bits of an address: the prefix is one address. */
const ADDRESS_BITS = 128;

describe('tables at their limits', { skip: canUseBpf() ?? false }, () => {
  const directory = mkdtempSync(join(tmpdir(), 'skep-limits-'));
  const options = {
    stateDirectory: join(directory, 'state'),
    bpffsDirectory: join(directory, 'bpf'),
    networkNamespace: pathOf('node'),
    masquerade: {},
  };
  let agent: Agent;

  before(() => {
    for (const name of ['node', 'anna']) createNamespace(`${PREFIX}-${name}`);
    agent = Agent.start(options);
  });
  after(async () => {
    await agent.uninstall();
    for (const name of ['node', 'anna']) deleteNamespace(`${PREFIX}-${name}`);
    rmSync(directory, { recursive: true, force: true });
  });

  const withTable = async (
    { map }: TableLimit,
    task: (table: BpfMap) => Promise<void>,
  ): Promise<void> => {
    const paths = [datapathFamily, masqueradeFamily].map((family) => {
      const part = family === datapathFamily ? 'maps' : 'masquerade';
      return join(options.bpffsDirectory, part, layoutName(currentLayout(family)), map.name);
    });
    const table = openPinnedMap(paths.find(existsSync)!, mapShapeOf(map))!;
    try {
      await task(table);
    } finally {
      table.close();
    }
  };

  /** Entries that no address of the tests has, in the table's own shape. */
  const keysOf = ({ map }: TableLimit, { shape }: BpfMap): Uint8Array[] => {
    return Array.from({ length: map.maxEntries + 1 }, (_, index) => {
      const key = new Uint8Array(shape.keySize);
      const view = new DataView(key.buffer);
      view.setUint32(shape.keySize - 4, 0xc000_0000 + index);
      if (map.kind === 'lpmTrie') view.setUint32(0, ADDRESS_BITS, true);
      return key;
    });
  };

  for (const limit of counted) {
    const { map, behaviour, advice } = limit;
    test(`${map.name} ${behaviour}, and says so before`, async () => {
      await withTable(limit, async (table) => {
        const keys = keysOf(limit, table);
        const value = new Uint8Array(table.shape.valueSize);
        const put = (some: readonly Uint8Array[]): void =>
          updateBatch(
            table,
            some.map((key) => [key, value] as const),
          );
        const before = table.count();
        put(keys.slice(0, Math.ceil(map.maxEntries * 0.95) - before));
        const { tables, problems } = await agent.status();
        const { used, capacity } = tables.find(({ name }) => name === map.name)!;
        assert.ok(used / capacity > 0.9 && capacity === map.maxEntries, `${used} of ${capacity}`);
        const told = problems.filter((each) => each.includes(`table ${map.name} has`));
        assert.equal(told.length, behaviour === 'refuses' ? 1 : 0);
        if (behaviour === 'refuses') assert.ok(told[0]!.includes(`(${advice})`), told[0]);
        if (behaviour === 'evicts') {
          put(keys);
          assert.ok(table.count() <= map.maxEntries);
        } else {
          assert.throws(() => put(keys), new RegExp(`update map ${map.name}`));
          assert.equal(table.count(), map.maxEntries);
          if (map.name === 'skep_address') await assertNoEndpointIsMade();
        }
        deleteBatch(table, keys);
      });
    });
  }

  /** While addresses have no room. */
  const assertNoEndpointIsMade = async (): Promise<void> => {
    const shown = agent.readings().mapPressure.filter(({ value }) => value === 1);
    assert.deepEqual(
      shown.map(({ labels }) => labels?.map_name),
      ['skep_address'],
    );
    await assert.rejects(agent.addEndpoint(ANNA), /update map skep_address/);
    assert.deepEqual(await agent.listEndpoints(), []);
    const network = new Network(pathOf('node'));
    const links = network.links.list().map(({ name }) => name);
    network.close();
    assert.deepEqual(links, ['lo']);
  };

  test('with room again, everything is as before', async () => {
    const { problems } = await agent.status();
    assert.deepEqual(
      problems.filter((each) => each.includes('table')),
      [],
    );
    const { state } = await agent.addEndpoint(ANNA);
    assert.equal(state, 'ready');
    assert.equal(await agent.removeEndpoint('test/anna'), true);
  });

  test('who has rows of the agent is told of as well', async () => {
    const names = (await agent.status()).tables.map(({ name }) => name);
    const others = tableLimits.filter(({ map, behaviour }) => {
      return behaviour !== 'fixed' && !COUNTED.includes(map.kind);
    });
    for (const { map } of others) {
      // An index is an endpoint's, a slot a subject's, a hint a newcomer's.
      const isShown = !['skep_interface', 'skep_policy', 'skep_new_hints'].includes(map.name);
      assert.equal(names.includes(map.name), isShown, map.name);
    }
  });
});
