/** Repeats of denied flows are counted by rule as the kernel counts them, whatever the flows do. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { canUseBpf } from '@skep/bpf';
import { createNamespace, deleteNamespace } from '@skep/netlink';
import { Agent } from '../agent.ts';
import { ANNA, LoneNode, pathOf, POLICY } from '../testing/lone-node.ts';
import { Talker } from '../testing/talk.ts';

describe('packets that rules drop', { skip: canUseBpf() ?? false }, () => {
  const node = new LoneNode();
  let agent: Agent;
  let talker: Talker;
  const sums: number[] = [];

  before(async () => {
    node.create();
    createNamespace(nameOf('carl'));
    agent = Agent.start(node.options);
    await agent.addEndpoint(ANNA);
    await agent.addEndpoint({
      ...{ name: 'carl', namespace: 'test', labels: { app: 'carl' } },
      ...{ ipv4: '10.96.0.2', networkNamespace: pathOf('carl') },
    });
    await agent.applyPolicies(POLICY, 'anna.yaml');
    talker = new Talker(pathOf('carl'));
  });

  after(async () => {
    talker?.stop();
    await agent?.uninstall();
    deleteNamespace(nameOf('carl'));
    node.remove();
  });

  const nameOf = (name: string): string => pathOf(name).split('/').at(-1)!;
  /** By rule, and as the kernel has them by reason. */
  const counts = (): [byRule: number, byReason: number] => {
    const { ruleDropped, droppedPackets } = agent.readings();
    const byRule = ruleDropped.reduce((sum, { value }) => sum + value, 0);
    sums.push(byRule);
    assert.deepEqual(
      sums,
      [...sums].sort((one, other) => one - other),
      'it goes down',
    );
    const denied = droppedPackets.find(({ labels }) => labels?.reason === 'policy denied');
    return [byRule, denied?.value ?? 0];
  };
  const assertExact = (least: number): void => {
    const [byRule, byReason] = counts();
    assert.ok(byReason >= least, `${byReason} were dropped`);
    assert.equal(byRule, byReason);
  };
  const send = (datagrams: number): Promise<string> =>
    talker.ask({ datagrams, host: '10.96.0.1', port: 7000 });

  test('those that a flow repeats until it falls silent', async () => {
    await send(200);
    assertExact(200);
    assertExact(200);
  });

  test('those before and after a record that tells of a part of them', async () => {
    // Longer than between two records of one flow.
    const sent = send(1400);
    const reading = setInterval(counts, 300);
    await sent;
    clearInterval(reading);
    assertExact(1600);
  });

  test('those of flows that are decided anew, and end', async () => {
    const sent = send(300);
    await new Promise((resolve) => setTimeout(resolve, 500));
    await agent.applyPolicies(POLICY, 'again.yaml');
    await sent;
    assertExact(1900);
  });
});
