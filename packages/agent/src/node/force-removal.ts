/**
 * Taking away what a dead agent has left when no agent can be started on it: tables of another
 * build, a state that is damaged. Nothing is understood here; it is found by its marks.
 */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Network } from '@skep/netlink';
import { isBpfFileSystem } from '@skep/sys';
import { unmountBpffs } from '../kernel/bpffs.ts';
import { Attachments } from '../kernel/attachments.ts';
import { unpinAll } from '../kernel/pinned-tables.ts';
import { uplinkInterface } from '../kernel/uplink-datapath.ts';
import { restoreReservedPorts } from '../masquerade/reserved-ports.ts';
import { Memory, STATE_FILES } from '../state/memory.ts';
import type { StoredNode } from '../state/schema.ts';
import { endUplinks } from '../uplinks/uplinks.ts';
import { restoreForwarding } from './host-forwarding.ts';
import { deleteDevices, refuseOthers } from './installation.ts';
import type { AgentOptions } from './node.ts';
import { removeIfEmpty, takeDirectory } from './one-agent.ts';

/**
 * Devices with the agent's mark, pins, state.
 *
 * @returns what could not be put back, because the state does not say how it was
 * @throws AgentRunningError while an agent runs on it; OtherInstallationError where devices are of
 *   another one, which keeps them
 */
export function forceRemoval(options: AgentOptions): string[] {
  const { stateDirectory, bpffsDirectory, networkNamespace } = options;
  const present = [stateDirectory, bpffsDirectory].filter((path) => existsSync(path));
  const locks = present.map(takeDirectory);
  const network = new Network(networkNamespace);
  try {
    refuseOthers('remove by force', options, network);
    const remembered = readNode(stateDirectory);
    deleteDevices(options, network);
    const { forwardingBefore, masquerade, mountedBpffs, uplinks } = remembered ?? {};
    if (uplinks) endUplinkPrograms(network, bpffsDirectory, uplinks);
    if (masquerade) restoreReservedPorts(network.settings, masquerade.reservedPortsBefore);
    unpinAll(bpffsDirectory);
    if (forwardingBefore) restoreForwarding(network, forwardingBefore);
    for (const lock of locks.splice(0)) lock.close();
    if (mountedBpffs) unmountBpffs(mountedBpffs);
    for (const name of STATE_FILES) rmSync(join(stateDirectory, name), { force: true });
    for (const path of [bpffsDirectory, stateDirectory]) removeIfEmpty(path);
    return remembered ? [] : whatStays(bpffsDirectory);
  } finally {
    for (const lock of locks) lock.close();
    network.close();
  }
}

/** Classifiers have no pins that could be removed; TCX links are gone with theirs. */
function endUplinkPrograms(
  network: Network,
  folder: string,
  uplinks: NonNullable<StoredNode['uplinks']>,
): void {
  const place = { folder: join(folder, 'links'), classifiers: network.trafficControl };
  const attachments = new Attachments({ ...place, mechanism: 'clsact' });
  endUplinks(network, uplinks, {
    detach: (index) => attachments.detach(uplinkInterface(index)),
    forget: (index) => attachments.forget(uplinkInterface(index).name),
  });
}

/** Nobody remembers how it was before. */
function whatStays(bpffsDirectory: string): string[] {
  return [
    'forwarding of the host stays on (see sysctl net.ipv4.conf.all.forwarding)',
    ...(isBpfFileSystem(bpffsDirectory)
      ? [`the file system at ${bpffsDirectory} stays (umount it where nobody else needs it)`]
      : []),
  ];
}

/** What is remembered of the node, if it can be read. */
function readNode(stateDirectory: string): StoredNode | undefined {
  if (!existsSync(join(stateDirectory, STATE_FILES[0]!))) return undefined;
  try {
    const memory = new Memory(stateDirectory);
    memory.close();
    return memory.current;
  } catch {
    return undefined;
  }
}
