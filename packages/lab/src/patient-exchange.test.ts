import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { FlowView } from '@skep/agent';
import { exchangePatiently } from './patient-exchange.ts';
import type { ProbeOutcome } from './workload-protocol.ts';

const DROP = { dropReason: 'policy denied' } as unknown as FlowView;

/** An exchange whose tries end so, one after the other, and of which drops are told so. */
async function exchange(outcomes: ProbeOutcome[], drops: (FlowView | undefined)[] = []) {
  const waited: number[] = [];
  const ask = async (milliseconds: number): Promise<ProbeOutcome> => {
    waited.push(milliseconds);
    return outcomes.shift()!;
  };
  const answer = await exchangePatiently({ ask, findDrop: async () => drops.shift() });
  return { ...answer, waited };
}

test('an answer and a refusal are asked for once', async () => {
  for (const outcome of ['answered', 'refused'] as const) {
    const { seen, detail, waited } = await exchange([outcome]);
    assert.deepEqual([seen, detail, waited.length], ['allowed', outcome, 1]);
  }
});

test('silence that a report explains is a drop at once', async () => {
  const { seen, detail, flow, waited } = await exchange(['silent'], [DROP]);
  assert.deepEqual([seen, detail, flow, waited.length], ['dropped', 'silent', DROP, 1]);
});

test('silence that nothing explains is asked again, for as long as TCP sends again', async () => {
  const { seen, detail, waited } = await exchange(['silent', 'answered'], [undefined]);
  assert.deepEqual([seen, detail], ['allowed', 'answered']);
  assert.ok(waited[1]! > 3000, `${waited}`);
});

test('silence twice is a drop, also where its report came late', async () => {
  const late = await exchange(['silent', 'silent'], [undefined, DROP]);
  assert.deepEqual([late.seen, late.detail, late.flow], ['dropped', 'silent', DROP]);
  const never = await exchange(['silent', 'silent']);
  assert.deepEqual([never.seen, never.detail, never.flow], ['dropped', 'silent', undefined]);
});

test('no way from this end is nothing that more time changes', async () => {
  const { seen, detail, waited } = await exchange(['unreachable']);
  assert.deepEqual([seen, detail, waited.length], ['dropped', 'unreachable', 1]);
});
