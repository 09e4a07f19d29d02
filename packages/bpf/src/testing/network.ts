/** For the tests of this package: interfaces in nameless namespaces, which end with the test. */
import { spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import type { TestContext } from 'node:test';
import {
  type Fd,
  inNetworkNamespace,
  inNewNetworkNamespace,
  openOwnNetworkNamespace,
  openPacketSocket,
  sendFrame as sendWhole,
} from '@skep/sys';

/** A new namespace that holds both ends of a veth pair, `near` and `far`, up. */
export interface Pair {
  readonly namespace: Fd<'namespace'>;
  readonly near: number;
  readonly far: number;
}

/** Makes the pair, or skips the test where there is no `ip` to make it with. */
export function newPair(context: TestContext): Pair | undefined {
  const namespace = inNewNetworkNamespace(() => openOwnNetworkNamespace());
  context.after(() => namespace.close());
  return inNetworkNamespace(namespace, () => {
    silence();
    const commands = [
      'link add near type veth peer name far',
      'link set near up',
      'link set far up',
    ];
    for (const command of commands) {
      const { error, status, stderr } = spawnSync('ip', command.split(' '), { encoding: 'utf8' });
      if (error) {
        context.skip(`no ip to make interfaces with: ${error.message}`);
        return undefined;
      }
      if (status !== 0) throw new Error(`ip ${command}: ${stderr}`);
    }
    return { namespace, near: readIfindex('near'), far: readIfindex('far') };
  });
}

/** A new namespace whose loopback is up; skips the test where there is no `ip` for that. */
export function newLoopback(context: TestContext): Fd<'namespace'> | undefined {
  const namespace = inNewNetworkNamespace(() => openOwnNetworkNamespace());
  context.after(() => namespace.close());
  const up = ['link', 'set', 'lo', 'up'];
  const { error } = inNetworkNamespace(namespace, () => spawnSync('ip', up));
  if (!error) return namespace;
  context.skip(`no ip to switch loopback on with: ${error.message}`);
  return undefined;
}

function readIfindex(name: string): number {
  const result = spawnSync('ip', ['-o', 'link', 'show', name], { encoding: 'utf8' });
  const found = /^(\d+):/.exec(result.stdout);
  if (!found) throw new Error(`ip link show ${name}: ${result.stderr}`);
  return Number(found[1]);
}

/** No neighbour discovery: the only frames are those that a test sends. */
function silence(): void {
  for (const scope of ['all', 'default']) {
    const setting = `/proc/sys/net/ipv6/conf/${scope}/disable_ipv6`;
    if (existsSync(setting)) writeFileSync(setting, '1');
  }
}

/** Sends one frame, 60 bytes to everybody, out of an interface of the pair. */
export function sendFrame(pair: Pair, ifindex: number): void {
  inNetworkNamespace(pair.namespace, () => {
    const socket = openPacketSocket(ifindex);
    try {
      sendWhole(socket, new Uint8Array(60).fill(0xff, 0, 6));
    } finally {
      socket.close();
    }
  });
}
