import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseAddress } from '@skep/wire';
import { Ipam, steadyNow } from './ipam.ts';

/** Gives addresses, and remembers who was given what. */
function newIpam(pools: string[], reserved: string[] = []) {
  const world = { now: 0, taken: new Set<string>(), releasedAt: new Map<string, number>() };
  const ipam = new Ipam({ pools, reserved, now: () => world.now }, world.releasedAt, (text) =>
    world.taken.has(text),
  );
  const give = (): string[] => {
    const given = Object.values(ipam.choose({}));
    for (const text of given) world.taken.add(text);
    return given;
  };
  const release = (text: string): void => {
    world.taken.delete(text);
    world.releasedAt.set(text, world.now);
  };
  return { world, ipam, give, release };
}

test('one address of each family, over several ranges, without what is reserved', () => {
  const { give } = newIpam(
    ['10.0.0.0/30', 'fd00::1-fd00::4', '10.1.0.8/31'],
    ['10.0.0.2', 'fd00::2'],
  );
  assert.deepEqual(give(), ['10.0.0.1', 'fd00::1']);
  assert.deepEqual(give(), ['10.1.0.8', 'fd00::3']);
  assert.deepEqual(give(), ['10.1.0.9', 'fd00::4']);
});

test('what somebody has is passed over, what is brought is left as it is', () => {
  const { world, ipam } = newIpam(['10.0.0.0/29', 'fd00::/64']);
  world.taken.add('10.0.0.1');
  assert.deepEqual(ipam.choose({ ipv6: 'fd99::9' }), { ipv4: '10.0.0.2', ipv6: 'fd99::9' });
});

test('an address is given again only after its cool-down, and after all others', () => {
  const { world, give, release } = newIpam(['10.0.0.1-10.0.0.3']);
  assert.deepEqual(give(), ['10.0.0.1']);
  release('10.0.0.1');
  assert.deepEqual([give(), give()], [['10.0.0.2'], ['10.0.0.3']]);
  world.now = 59_999;
  assert.throws(give, { code: 'ERR_IPAM_EXHAUSTED' });
  world.now = 60_000;
  assert.deepEqual(give(), ['10.0.0.1']);
});

test('a clock that was set back keeps no address for ever', () => {
  const { world, give, release } = newIpam(['10.0.0.1']);
  give();
  world.now = 1_000_000;
  release('10.0.0.1');
  world.now = 10;
  assert.deepEqual(give(), ['10.0.0.1']);
});

test('a clock that is set while the agent runs ends no cool-down', (t) => {
  const taken = new Set<string>();
  const releasedAt = new Map<string, number>();
  const ipam = new Ipam({ pools: ['10.0.0.1'] }, releasedAt, (text) => taken.has(text));
  assert.equal(ipam.views([])[0]!.isUsedUp, false);
  releasedAt.set('10.0.0.1', steadyNow());
  for (const hours of [-1, 1]) {
    t.mock.method(Date, 'now', () => 1_700_000_000_000 + hours * 3_600_000);
    assert.throws(() => ipam.choose({}), { code: 'ERR_IPAM_EXHAUSTED' });
  }
  assert.equal(ipam.views([])[0]!.isUsedUp, true);
  assert.deepEqual(ipam.cooled(), []);
});

test('a pool that is used up is named, with what to do', () => {
  const { give } = newIpam(['10.0.0.8/31', '10.1.0.1', 'fd00::/64']);
  for (let round = 0; round < 3; round++) give();
  assert.throws(give, {
    code: 'ERR_IPAM_EXHAUSTED',
    message:
      'choose address: all 3 addresses of the IPv4 pool 10.0.0.8-10.0.0.9, 10.1.0.1 are taken, ' +
      'or were less than 60 s ago (remove endpoints, or give the agent one more --pool)',
  });
});

test('without a pool, who brings no address gets none', () => {
  const { ipam } = newIpam([]);
  assert.throws(() => ipam.choose({}), { code: 'ERR_IPAM_NO_POOL', message: /--pool/ });
  assert.deepEqual(ipam.choose({ ipv4: '10.0.0.1' }), { ipv4: '10.0.0.1' });
});

test('a pool that is all reserved is used up, not endless', () => {
  const { give } = newIpam(['fd00::/64'], ['fd00::/60']);
  assert.throws(give, { code: 'ERR_IPAM_EXHAUSTED', message: /all 0 addresses/ });
});

test('what is reserved, and what an earlier endpoint had, is in the pools; nothing else is', () => {
  const { ipam, release } = newIpam(['10.0.0.0/24', 'fd00::/64'], ['10.0.0.9', '10.9.0.0/24']);
  release('10.0.0.1');
  const has = (text: string): boolean => ipam.has(parseAddress(text));
  const inside = ['10.0.0.1', '10.0.0.9', 'fd00::9'];
  assert.deepEqual([...inside, '10.0.1.0', '10.9.0.1', 'fd01::1'].filter(has), inside);
});

test('what is free can be seen', () => {
  const { ipam, release } = newIpam(['10.0.0.0/24', 'fd00::/64']);
  release('10.0.0.9');
  assert.deepEqual(ipam.views(['10.0.0.1', 'fd00::1', '192.0.2.1']), [
    {
      ...{ family: 'IPv4', ranges: ['10.0.0.1-10.0.0.254'] },
      ...{ addresses: '254', taken: 1, cooling: 1, isUsedUp: false },
    },
    {
      ...{ family: 'IPv6', ranges: ['fd00::1-fd00::ffff:ffff:ffff:ffff'] },
      ...{ addresses: '18446744073709551615', taken: 1, cooling: 0, isUsedUp: false },
    },
  ]);
});
