/**
 * What an agent holds while it runs, opened one after the other; where one cannot be opened, those
 * before it are as they were.
 */
import { existsSync } from 'node:fs';
import { hostname } from 'node:os';
import { HOST_SUBJECT } from '@skep/contract';
import { Network } from '@skep/netlink';
import type { SafePort } from '@skep/policy';
import { chooseDeviceKind, type DeviceChoice, type DeviceKind } from '../devices/device-kind.ts';
import { findDevice, hostInterfaceName } from '../devices/endpoint-device.ts';
import { nodeAddresses } from '../devices/node-addresses.ts';
import { type IpamOptions, readRanges } from '../ipam/ipam.ts';
import { Problems } from '../health/problems.ts';
import { missingBpffs, mountBpffs, unmountBpffs } from '../kernel/bpffs.ts';
import { KernelDatapath } from '../kernel/kernel-datapath.ts';
import { type KernelFeatures, probeKernelFeatures } from '../kernel/kernel-features.ts';
import { removeMasquerade } from '../masquerade/masquerade.ts';
import {
  type MasqueradeOptions,
  readExceptions,
  readPorts,
} from '../masquerade/masquerade-options.ts';
import { takeLabels } from '../policies/node-labels.ts';
import { removeUplinks } from '../uplinks/uplinks.ts';
import { NodeModel } from '../model/node-model.ts';
import type { RuntimeSockets } from '../runtimes/container-labels.ts';
import type { Disk } from '../state/journal.ts';
import { Memory, stateFile } from '../state/memory.ts';
import { hasOriginals, openOriginals, type Originals } from '../state/originals.ts';
import type { StoredLabels } from '../state/schema.ts';
import { Revisions } from '../state/revisions.ts';
import { deviceKindOf, factsOf, parseStored } from '../state/stored.ts';
import { DatapathTables } from '../tables/datapath-tables.ts';
import { readInherited } from '../tables/inherited.ts';
import { type Tell, tellNobody } from '../telemetry/occurrence.ts';
import { readForwarding, restoreForwarding, turnOnForwarding } from './host-forwarding.ts';
import { aliasOf, deleteDevices, type InstallationPlaces, refuseOthers } from './installation.ts';
import { refuseUnremembered } from './traces.ts';
import { makeDirectory, missingFolders, removeIfEmpty, takeDirectory } from './one-agent.ts';

/** Where an agent keeps things, and which network it serves. */
export interface AgentOptions extends RuntimeSockets {
  /** What it remembers across restarts. */
  readonly stateDirectory: string;
  /** Where it pins: in a BPF file system, which is mounted there if there is none. */
  readonly bpffsDirectory: string;
  /** Path of the node's network namespace. Default: the one that the process is in. */
  readonly networkNamespace?: string;
  /** The addresses that it gives. Default: none, every endpoint brings its own. */
  readonly addresses?: IpamOptions;
  /** By which policies of nodes select this one. Default: `kubernetes.io/hostname` alone. */
  readonly nodeLabels?: Readonly<Record<string, string>>;
  /** What those policies cannot close. Default: `DEFAULT_SAFE_PORTS`. */
  readonly safePorts?: readonly SafePort[];
  /** Masquerade towards the world. Default: off. */
  readonly masquerade?: MasqueradeOptions;
  /** What connects new endpoints. Default: `auto`. */
  readonly device?: DeviceChoice;
  /** What it uses of the kernel. Default: what the kernel has. */
  readonly features?: KernelFeatures;
  /** What writes the state. Default: the file system. */
  readonly disk?: Disk;
  /** Who is told what the agent does. Default: nobody. */
  readonly tell?: Tell;
}

/** The open parts. */
export interface Node {
  readonly memory: Memory;
  /** How the machine was. */
  readonly originals: Originals;
  readonly network: Network;
  readonly kernel: KernelDatapath;
  /** Of new endpoints; those that are there keep theirs. */
  readonly deviceKind: DeviceKind;
  readonly model: NodeModel;
  readonly revisions: Revisions;
  /** What it was started with: see `policies/node-labels.ts`. */
  readonly givenLabels: StoredLabels;
  /** What is wrong, for `status`. */
  readonly problems: Problems;
  readonly tell: Tell;
  /** What it keeps things in. */
  readonly places: InstallationPlaces;
  /** Says so on its devices. */
  readonly deviceAlias: string;
  /** Gives the directories back to other agents. */
  readonly unlock: () => void;
  /** Closes all parts and takes back what opening them has done; while nothing is attached. */
  readonly takeBack: () => void;
}

/** Lets go of all parts; programs, tables and endpoints stay as they are. */
export function closeNode({ kernel, network, memory, originals, unlock }: Node): void {
  kernel.close();
  network.close();
  memory.close();
  originals.close();
  unlock();
}

/** Takes away what {@link openNode} has made; endpoints are gone by then. */
export function removeNode(node: Node): void {
  const { kernel, network, memory, originals, places, unlock } = node;
  const { mountedBpffs, forwarding, madeFolders = [] } = originals.current;
  removeUplinks({ kernel, network, memory });
  removeMasquerade({ kernel, network, originals });
  kernel.remove();
  deleteDevices(places, network);
  if (forwarding) restoreForwarding(network, forwarding);
  network.close();
  unlock();
  if (mountedBpffs) unmountBpffs(mountedBpffs);
  memory.forget();
  originals.forget();
  const { bpffsDirectory, stateDirectory } = places;
  for (const path of [bpffsDirectory, stateDirectory, ...madeFolders]) removeIfEmpty(path);
}

/** Identities are written down when their endpoint is ready: a few may not have been. */
const UNWRITTEN_IDENTITIES_MAX = 16;

/** Steps back, the last one first. */
type Undo = (() => void)[];

/**
 * Opens what is there, or makes it. Programs that are attached still are those of the agent before.
 *
 * @throws StateError, AgentRunningError, OtherInstallationError, LayoutError, MigrationError,
 *   MapShapeError, VerifierError, KernelError
 */
export function openNode(options: AgentOptions): Node {
  const undo: Undo = [];
  const takeBack = (): void => {
    for (const step of undo.reverse()) attempt(step);
  };
  try {
    return { ...openParts(options, undo), takeBack };
  } catch (error) {
    takeBack();
    throw error;
  }
}

/** Where going back fails too, the first error is the one to tell; other steps are taken. */
function attempt(step: () => void): void {
  try {
    step();
  } catch {}
}

function openParts(options: AgentOptions, undo: Undo): Omit<Node, 'takeBack'> {
  const { stateDirectory, bpffsDirectory, masquerade, tell = tellNobody } = options;
  if (masquerade) {
    readPorts(masquerade);
    readExceptions(masquerade);
  }
  readRanges(options.addresses ?? {});
  const { features = probeKernelFeatures(), device = 'auto' } = options;
  const deviceKind = chooseDeviceKind(device, features.hasNetkit ?? false);
  const deviceAlias = aliasOf(options);
  const missing = missingFolders([stateDirectory, bpffsDirectory]);
  undo.push(makeDirectory(stateDirectory));
  const stateLock = takeDirectory(stateDirectory);
  undo.push(() => stateLock.close());
  const network = new Network(options.networkNamespace);
  undo.push(() => network.close());
  refuseOthers('start agent', options, network);
  refuseUnremembered(options, network);
  const isNew = !existsSync(stateFile(stateDirectory));
  const memory = new Memory(stateDirectory, options.disk);
  undo.push(() => (isNew ? memory.forget() : memory.close()));
  // A state that was there knows of its originals from here on.
  const areNew = isNew && !hasOriginals(stateDirectory);
  const originals = openOriginals(stateDirectory, memory, options.disk);
  undo.push(() => (areNew ? originals.forget() : originals.close()));
  rememberMade(originals, missing);
  prepareBpffs(bpffsDirectory, originals, undo);
  const pinLock = takeDirectory(bpffsDirectory);
  undo.push(() => pinLock.close());
  prepareForwarding(network, originals, undo);
  const kernel = new KernelDatapath(bpffsDirectory, network.trafficControl, {
    ...{ features, tell, isMasquerading: masquerade !== undefined },
    hasNetkit: deviceKind === 'netkit' || hasNetkit(memory),
  });
  undo.push(() => kernel.abandon());
  if (!masquerade) removeMasquerade({ kernel, network, originals });
  const revisions = new Revisions(memory.current.revisionsReserved, (revisionsReserved) =>
    memory.changeNode({ revisionsReserved }),
  );
  const problems = new Problems(tell);
  const places = { stateDirectory, bpffsDirectory };
  const givenLabels = { 'kubernetes.io/hostname': hostname(), ...options.nodeLabels };
  const held = { memory, originals, network, kernel, revisions, problems };
  const parts = { ...held, deviceKind, givenLabels, tell, places, deviceAlias };
  const model = startModel(parts, options);
  const unlock = (): void => {
    stateLock.close();
    pinLock.close();
  };
  return { ...parts, model, unlock };
}

/** Whether an endpoint is behind a netkit device, whatever new ones get. */
function hasNetkit({ endpoints }: Memory): boolean {
  return [...endpoints.values()].some((stored) => deviceKindOf(stored) === 'netkit');
}

/** Also what an agent before has made, and this one found again. */
function rememberMade(originals: Originals, missing: readonly string[]): void {
  const { madeFolders = [] } = originals.current;
  const added = missing.filter((path) => !madeFolders.includes(path));
  if (added.length > 0) originals.change({ madeFolders: [...added, ...madeFolders] });
}

/** Written down before it is done, as everything that an uninstall takes back. */
function prepareBpffs(folder: string, originals: Originals, undo: Undo): void {
  const missing = missingBpffs(folder);
  if (!existsSync(folder)) undo.push(() => removeIfEmpty(folder));
  if (missing === undefined) return mountBpffs(folder);
  const { mountedBpffs } = originals.current;
  originals.change({ mountedBpffs: missing });
  mountBpffs(folder);
  undo.push(() => {
    unmountBpffs(missing);
    originals.change({ mountedBpffs });
  });
}

function prepareForwarding(network: Network, originals: Originals, undo: Undo): void {
  if (!originals.current.forwarding) {
    const forwarding = readForwarding(network);
    originals.change({ forwarding });
    undo.push(() => {
      restoreForwarding(network, forwarding);
      originals.change({ forwarding: undefined });
    });
  }
  turnOnForwarding(network);
}

/** Nobody has confirmed a change in time, and nobody was there to take it back. */
function revertOverdue(memory: Memory, tell: Tell): void {
  const { pending } = memory;
  if (!pending || Date.now() < pending.deadline) return;
  memory.revertPending();
  const { keys: changed } = pending;
  tell({ kind: 'policies reverted', changed, revision: 0, milliseconds: 0 });
}

/** The model that fits what is stored, in the half of the tables that is not in use. */
function startModel(
  parts: Omit<Node, 'model' | 'unlock' | 'takeBack'>,
  { safePorts }: AgentOptions,
): NodeModel {
  const { memory, kernel, revisions, network, tell, givenLabels } = parts;
  revertOverdue(memory, tell);
  const { generation, lastIdentity } = memory.current;
  const tables = new DatapathTables(kernel, tell);
  const model = new NodeModel(tables, {
    nextRevision: () => revisions.take(),
    nodeLabels: takeLabels(memory, givenLabels),
    ...(safePorts && { safePorts }),
    generation: kernel.isTakenOver ? (generation === 0 ? 1 : 0) : generation,
    ...(kernel.isTakenOver ? { inherited: readInherited(kernel) } : {}),
  });
  const endpoints = [...memory.endpoints.values()].flatMap((stored) => {
    const link = findDevice(network, hostInterfaceName(stored.id));
    if (stored.state !== 'ready' || !link) return [];
    const facts = factsOf(stored, link.index);
    const { identity, subject } = stored;
    if (identity && subject) model.numbers.restore(facts, { identity, subject });
    return [facts];
  });
  if (lastIdentity > 0) model.identities.continueAfter(lastIdentity + UNWRITTEN_IDENTITIES_MAX);
  const documents = memory.policies.flatMap(parseStored);
  model.fill({ documents, nodeAddresses: nodeAddresses(network), endpoints });
  tables.clearUnknownEndpoints(new Set(endpoints.map(({ id }) => id)));
  const held = model.numbers.subjects.entries().map(({ number }) => number);
  tables.clearUnknownSubjects(new Set([HOST_SUBJECT, ...held]), () => revisions.take());
  return model;
}
