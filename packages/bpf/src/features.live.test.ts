import assert from 'node:assert/strict';
import { release } from 'node:os';
import { describe, test } from 'node:test';
import { BpfProgramType } from '@skep/sys';
import { UnsupportedFeatureError } from './errors.ts';
import {
  explainMissing,
  type Feature,
  featureSince,
  hasFeature,
  hasHelper,
  hasMapKind,
  hasProgramType,
  requireFeature,
} from './features.ts';
import { cannotUseBpf } from './testing/programs.ts';

/**
 * Whether this kernel's number says that it has what came with `since`; for this test only. Of what
 * a kernel may be built without it says nothing.
 */
function isAtLeast(since: string): boolean {
  const [major = 0, minor = 0] = release().split('.').map(Number);
  if (since.includes('CONFIG_')) return false;
  const [sinceMajor = 0, sinceMinor = 0] = since.split('.').map(Number);
  return major > sinceMajor || (major === sinceMajor && minor >= sinceMinor);
}

describe('features', { skip: cannotUseBpf }, () => {
  for (const [feature, since] of Object.entries(featureSince)) {
    test(`${feature}: a kernel from ${since} on has it`, () => {
      const has = hasFeature(feature as Feature);
      assert.equal(explainMissing(feature as Feature) === undefined, has);
      // Distributions carry features back, so an older kernel may have it too.
      if (isAtLeast(since)) assert.equal(has, true);
      else if (!has)
        assert.throws(() => requireFeature(feature as Feature), UnsupportedFeatureError);
    });
  }

  test('helpers are those of the program type', () => {
    const redirectPeer = 155;
    assert.equal(hasHelper(BpfProgramType.SCHED_CLS, redirectPeer), true);
    assert.equal(hasHelper(BpfProgramType.XDP, redirectPeer), false);
    assert.equal(hasHelper(BpfProgramType.XDP, 99_999), false);
  });

  test('map kinds and program types', () => {
    for (const kind of ['hash', 'lpmTrie', 'arrayOfMaps', 'hashOfMaps', 'ringBuffer'] as const) {
      assert.equal(hasMapKind(kind), true, kind);
    }
    assert.equal(hasProgramType(BpfProgramType.SCHED_CLS), true);
    assert.equal(hasProgramType(999), false);
  });
});

test('an unsupported feature says since when, and what this is', () => {
  const { message } = new UnsupportedFeatureError('tcx', '6.6');
  assert.equal(message, `tcx: needs Linux 6.6, this is ${release()}`);
});
