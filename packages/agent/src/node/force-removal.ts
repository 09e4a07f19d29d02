/**
 * Taking away what a dead agent has left when no agent can be started on it: tables of another
 * build, a state that is damaged. Nothing is understood here; it is found by its marks.
 */
import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Network, type Settings } from '@skep/netlink';
import { isBpfFileSystem } from '@skep/sys';
import { unmountBpffs } from '../kernel/bpffs.ts';
import { Attachments } from '../kernel/attachments.ts';
import { unpinAll } from '../kernel/pinned-tables.ts';
import { uplinkInterface } from '../kernel/uplink-datapath.ts';
import {
  readReservedPorts,
  RESERVED_PORTS,
  restoreReservedPorts,
} from '../masquerade/reserved-ports.ts';
import { Memory, STATE_FILES } from '../state/memory.ts';
import {
  hasOriginals,
  type OriginalValues,
  Originals,
  ORIGINALS_FILES,
  storedOriginals,
} from '../state/originals.ts';
import type { StoredNode } from '../state/schema.ts';
import { endUplinks } from '../uplinks/uplinks.ts';
import { FORWARDING_SETTINGS, restoreForwarding } from './host-forwarding.ts';
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
    const before = readOriginals(stateDirectory, remembered);
    deleteDevices(options, network);
    const { uplinks } = remembered?.current ?? {};
    const { forwarding, reservedPorts, mountedBpffs, madeFolders = [] } = before ?? {};
    if (uplinks) endUplinkPrograms(network, bpffsDirectory, uplinks);
    if (reservedPorts !== undefined) restoreReservedPorts(network.settings, reservedPorts);
    unpinAll(bpffsDirectory);
    if (forwarding) restoreForwarding(network, forwarding);
    for (const lock of locks.splice(0)) lock.close();
    if (mountedBpffs) unmountBpffs(mountedBpffs);
    for (const name of [...STATE_FILES, ...ORIGINALS_FILES])
      rmSync(join(stateDirectory, name), { force: true });
    for (const path of [bpffsDirectory, stateDirectory, ...madeFolders]) removeIfEmpty(path);
    return before ? [] : whatStays(network, bpffsDirectory);
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
function whatStays({ settings }: Network, bpffsDirectory: string): string[] {
  const forwarding = [...FORWARDING_SETTINGS].map((name) => sysctlText(settings, name)).join(', ');
  const ports = readReservedPorts(settings);
  return [
    `forwarding of the host stays on (${forwarding})`,
    ...(isBpfFileSystem(bpffsDirectory)
      ? [`the file system at ${bpffsDirectory} stays (umount it where nobody else needs it)`]
      : []),
    ...(ports === '' ? [] : [`ports stay reserved (${sysctlText(settings, RESERVED_PORTS)})`]),
  ];
}

/** As `sysctl` names it, with the value that it has now. */
function sysctlText(settings: Settings, path: string): string {
  return `net.${path.replaceAll('/', '.')} is ${settings.read(path)}`;
}

/** How the machine was, if that is known: an older build has it in the state. */
function readOriginals(stateDirectory: string, memory?: Memory): OriginalValues | undefined {
  if (!hasOriginals(stateDirectory)) {
    return memory && !memory.current.hasOriginals ? storedOriginals(memory) : undefined;
  }
  try {
    const originals = new Originals(stateDirectory);
    originals.close();
    return originals.current;
  } catch {
    return undefined;
  }
}

/** What is remembered of the node, if it can be read. */
function readNode(stateDirectory: string): Memory | undefined {
  if (!existsSync(join(stateDirectory, STATE_FILES[0]!))) return undefined;
  try {
    const memory = new Memory(stateDirectory);
    memory.close();
    return memory;
  } catch {
    return undefined;
  }
}
