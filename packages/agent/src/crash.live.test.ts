/** An agent that dies in the middle of a change: the next one finishes it or undoes it. */
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { attachedProgramIds, canUseBpf, explainMissing } from '@skep/bpf';
import { createNamespace, deleteNamespace, Network } from '@skep/netlink';
import { inNetworkNamespace } from '@skep/sys';
import { parseAddress } from '@skep/wire';
import { Agent, type AgentOptions } from './agent.ts';
import type { Attachable } from './kernel/endpoint-datapath.ts';
import { KernelDatapath } from './kernel/kernel-datapath.ts';
import type { KernelFeatures } from './kernel/kernel-features.ts';
import { Steps } from './testing/steps.ts';
import { readTableRows } from './testing/table-rows.ts';
import type { EndpointRequest } from './views.ts';

const PREFIX = `skep-crash-${process.pid}`;
/** Steps to die at in one run: each costs two starts. With SKEP_DEATHS=all it is every step. */
const DEATHS = process.env.SKEP_DEATHS ?? '6';
const SEED = Number(process.env.SKEP_SEED ?? Date.now() % 100_000);

function pathOf(name: string): string {
  return `/run/netns/${PREFIX}-${name}`;
}

const ANNA: EndpointRequest = {
  name: 'anna',
  namespace: 'test',
  labels: { app: 'anna' },
  ipv4: '10.97.0.1',
  ipv6: 'fd97::1',
  networkNamespace: pathOf('anna'),
};

/** So that her subject has programs. */
const POLICY = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: anna, namespace: test }
spec: { podSelector: { matchLabels: { app: anna } }, policyTypes: [Ingress, Egress] }
`;

/** So that uplinks have programs that decide about the node. */
const NODE_POLICY = `
apiVersion: cilium.io/v2
kind: CiliumClusterwideNetworkPolicy
metadata: { name: node }
spec: { nodeSelector: {}, ingress: [{ fromEntities: [cluster] }] }
`;
const NODE_POLICY_KEY = 'CiliumClusterwideNetworkPolicy//node';
/** Nobody is cut off by it. */
const UNCONFIRMED = { isUnconfirmed: true };
const UPLINK = 'up0';

/** Steps from 1 to `last`, as the seed has it. */
function draw(last: number): number[] {
  const all = Array.from({ length: last }, (_, index) => index + 1);
  if (DEATHS === 'all') return all;
  let state = SEED >>> 0;
  return Array.from({ length: Math.min(Number(DEATHS), last) }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const [step] = all.splice(Math.floor((state / 2 ** 32) * all.length), 1);
    return step!;
  });
}

/** What is in the kernel's tables. */
function rowsOf({ bpffsDirectory }: AgentOptions): Record<string, number> {
  const { endpoints: rows, interfaces, programs } = readTableRows(bpffsDirectory);
  return { rows, interfaces, programs: programs.length };
}

/** In which programs may be attached, and by what endpoints are connected. */
const WAYS: readonly { way: 'clsact' | 'tcx' | 'netkit'; features: KernelFeatures }[] = [
  { way: 'tcx', features: { mechanism: 'tcx', hasRedirectPeer: true } },
  { way: 'clsact', features: { mechanism: 'clsact', hasRedirectPeer: true } },
  { way: 'netkit', features: { mechanism: 'tcx', hasRedirectPeer: true, hasNetkit: true } },
];

for (const { way, features } of WAYS) {
  const { mechanism } = features;
  const skip = canUseBpf() ?? ((way !== 'clsact' && explainMissing(way)) || false);

  describe(`an agent that dies at a step, by ${way}, seed ${SEED}`, { skip }, () => {
    const directory = mkdtempSync(join(tmpdir(), 'skep-crash-'));
    const options: AgentOptions = {
      stateDirectory: join(directory, 'state'),
      bpffsDirectory: join(directory, 'bpf'),
      networkNamespace: pathOf('node'),
      features,
    };
    const steps = new Steps();
    let agent: Agent;

    before(async () => {
      for (const name of ['node', 'anna']) createNamespace(`${PREFIX}-${name}`);
      agent = Agent.start(options);
      await agent.applyPolicies(POLICY, 'anna.yaml');
    });

    after(async () => {
      await agent.uninstall();
      for (const name of ['node', 'anna']) deleteNamespace(`${PREFIX}-${name}`);
      rmSync(directory, { recursive: true, force: true });
    });

    const inNode = <T>(task: (network: Network) => T): T => {
      const network = new Network(options.networkNamespace);
      try {
        return task(network);
      } finally {
        network.close();
      }
    };

    /** How many programs an interface of the node has, each way. */
    const attachedTo = (name: string): number[] =>
      inNode((network) => {
        const where = { ifindex: network.links.get(name).index, mechanism };
        return (['ingress', 'egress'] as const).map((direction) =>
          inNetworkNamespace(pathOf('node'), () => {
            const { trafficControl: classifiers } = network;
            return attachedProgramIds({ ...where, direction, classifiers }).length;
          }),
        );
      });

    const linkPins = (): string[] => {
      const folder = join(options.bpffsDirectory, 'links');
      return existsSync(folder) ? readdirSync(folder).sort() : [];
    };

    const add = () => agent.addEndpoint(ANNA);
    const remove = () => agent.removeEndpoint('test/anna');

    const restart = (): void => {
      agent.stop();
      agent = Agent.start(options);
    };

    /** The agent dies at the step of the task, and another one starts. */
    const die = async (step: number, task: () => Promise<unknown>): Promise<void> => {
      await steps.dieAt(step, task);
      restart();
    };

    /** What there is of the endpoint. */
    const findings = async (): Promise<unknown> => {
      const network = new Network(options.networkNamespace);
      try {
        const links = network.links.list().filter((link) => link.name.startsWith('skep'));
        return {
          endpoints: (await agent.listEndpoints()).map(({ name, state }) => `${name} ${state}`),
          links: links.length,
          isReachable: network.routes.list().some(({ linkIndex }) => linkIndex === links[0]?.index),
          places: (await agent.listIpcache()).filter(({ owner }) => owner === 'test/anna').length,
          pins: linkPins().length,
          ...rowsOf(options),
          problems: (await agent.status()).problems,
        };
      } finally {
        network.close();
      }
    };

    const nothing = {
      ...{ endpoints: [], links: 0, isReachable: false },
      ...{ places: 0, pins: 0, problems: [] },
      ...{ rows: 0, interfaces: 0, programs: 0 },
    };
    const ready = {
      ...{ endpoints: ['anna ready'], links: 1, isReachable: true },
      ...{ places: 2, pins: mechanism === 'tcx' ? 2 : 0, problems: [] },
      ...{ rows: 1, interfaces: 1, programs: 2 },
    };

    test('making an endpoint: nothing is left, and it can be made again', async () => {
      // As after each death: another agent has found what there was of its subject.
      await add();
      await remove();
      restart();
      const last = await steps.countOf(add);
      assert.deepEqual(await findings(), ready);
      await remove();
      assert.ok(last > 20, `${last} steps`);
      for (const step of draw(last)) {
        await die(step, add);
        assert.deepEqual(await findings(), nothing, `step ${step} of ${last}`);
      }
    });

    test('a device goes while an agent starts: so does its endpoint, and no more', async (t) => {
      const attachment = { network: 'test', containerId: 'gone' };
      await agent.addEndpoint({ ...ANNA, attachment });
      agent.stop();
      const attach = KernelDatapath.prototype.attach;
      const mock = t.mock.method(
        KernelDatapath.prototype,
        'attach',
        function (this: KernelDatapath, endpoint: Attachable) {
          const network = new Network(options.networkNamespace);
          network.links.delete(endpoint.interfaceIndex);
          network.close();
          attach.call(this, endpoint);
        },
      );
      agent = Agent.start(options);
      mock.mock.restore();
      assert.deepEqual(await findings(), nothing);
    });

    test('removing an endpoint: it is gone, or as if nobody had asked', async () => {
      await add();
      const last = await steps.countOf(remove);
      for (const step of draw(last)) {
        await add();
        await die(step, remove);
        assert.deepEqual(await findings(), step === 1 ? ready : nothing, `step ${step} of ${last}`);
        if (step === 1) await remove();
      }
    });

    for (const masquerade of [undefined, { uplinks: [UPLINK] }]) {
      describe(`at an uplink ${masquerade ? 'with' : 'without'} masquerade`, () => {
        const withUplink = masquerade ? { ...options, masquerade } : options;

        before(() => {
          inNode(({ links, addresses }) => {
            const { index } = links.createVeth({ name: UPLINK, peer: { name: 'far' } });
            for (const text of ['192.0.2.1', '2001:db8::1']) {
              const address = { address: parseAddress(text), prefixLength: 24 };
              addresses.add({ linkIndex: index, ...address, isDetectionSkipped: true });
            }
            links.set(UPLINK, { isUp: true });
          });
          agent.stop();
          agent = Agent.start(withUplink);
        });

        after(() => {
          agent.stop();
          agent = Agent.start(options);
          inNode(({ links }) => links.delete(UPLINK));
        });

        const guard = () => agent.applyPolicies(NODE_POLICY, 'node.yaml', UNCONFIRMED);
        const open = () => agent.deletePolicies([NODE_POLICY_KEY], UNCONFIRMED);

        /** What decides about the node, and where. */
        const guarding = async (): Promise<unknown> => {
          const { node, problems } = await agent.status();
          const pins = linkPins().filter((name) => name.startsWith('uplink-'));
          return { node, problems, pins, programs: [attachedTo(UPLINK), attachedTo('far')] };
        };

        /** By whether the policy is there, which an agent that dies has written down, or not. */
        const dies = async (task: () => Promise<unknown>, undo: () => Promise<unknown>) => {
          const before = await guarding();
          const last = await steps.countOf(task);
          const done = await guarding();
          assert.notDeepEqual(done, before);
          assert.ok(last > 4, `${last} steps`);
          await undo();
          assert.deepEqual(await guarding(), before);
          for (const step of draw(last)) {
            await steps.dieAt(step, task);
            agent.stop();
            agent = Agent.start(withUplink);
            const isDone = isDeepStrictEqual(await guarding(), done);
            if (!isDone) assert.deepEqual(await guarding(), before, `step ${step} of ${last}`);
            if (isDone) await undo();
          }
        };

        test('the first policy about the node: it is in force, or nothing is', async () => {
          await dies(guard, open);
        });

        test('the last one: it is in force, or nothing is', async () => {
          await guard();
          await dies(open, guard);
          await open();
        });
      });
    }
  });
}
