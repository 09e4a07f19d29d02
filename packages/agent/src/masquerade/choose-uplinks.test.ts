import assert from 'node:assert/strict';
import { test } from 'node:test';
import { UPLINKS_MAX } from '@skep/contract';
import type { Link } from '@skep/netlink';
import { chooseUplinks, type NetworkState } from './choose-uplinks.ts';

/** A node with so many interfaces that could lead to the world. */
function stateOf(count: number): NetworkState {
  const links = Array.from({ length: count }, (_, index) => {
    return { index: index + 1, name: `up${index}`, mac: Uint8Array.of(2, 0, 0, 0, 0, 1) } as Link;
  });
  return { links, addresses: [], routes: [] };
}

test('uplinks that the table has no room for are named, and the others are served', () => {
  const state = stateOf(UPLINKS_MAX + 1);
  const names = state.links.map(({ name }) => name);
  const { uplinks, problems } = chooseUplinks(state, names);
  assert.equal(uplinks.length, UPLINKS_MAX);
  const [problem] = problems.filter((each) => each.includes('of at most'));
  assert.match(problem!, /65 uplinks, of at most 64: not masqueraded at up64 \(name fewer uplinks/);
  assert.equal(
    chooseUplinks(stateOf(UPLINKS_MAX), names.slice(1)).problems.some((each) => {
      return each.includes('of at most');
    }),
    false,
  );
});
