/**
 * Endpoints of this node, from the request to the traffic: what is remembered, the model, the
 * devices, the programs. What is begun is on disk first, so that the next agent finishes it or
 * undoes it, wherever this one ends.
 */
import { inNetworkNamespace } from '@skep/sys';
import { formatAddress } from '@skep/wire';
import { checkDevice } from '../devices/check-device.ts';
import {
  closeWaysOut,
  createDevice,
  deleteDevice,
  type EndpointDevice,
  findDevice,
  hostInterfaceName,
  openRoutes,
  setMtu,
} from '../devices/endpoint-device.ts';
import { uplinkMtu } from '../devices/uplink-mtu.ts';
import { checkPoolUse } from '../health/checks.ts';
import { checkPools, nextHops } from '../ipam/check-pools.ts';
import type { IpamOptions } from '../ipam/ipam.ts';
import type { Attachable } from '../kernel/endpoint-datapath.ts';
import { isCalled, type KnownEndpoint, qualifiedName } from '../model/endpoint-facts.ts';
import type { Node } from '../node/node.ts';
import { endpointView } from '../node-views.ts';
import type { NewEndpoint } from '../runtimes/container-labels.ts';
import type { StoredEndpoint } from '../state/schema.ts';
import { attachableOf, DEFAULT_INTERFACE, deviceOf, factsOf } from '../state/stored.ts';
import type {
  AttachmentCheck,
  AttachmentKey,
  EndpointRequest,
  EndpointView,
  PoolView,
} from '../views.ts';
import type { EndpointOccurrence } from '../telemetry/occurrence.ts';
import { checkNamespace } from './check-namespace.ts';
import { EndpointError } from './endpoint-error.ts';
import { Register } from './register.ts';

type Located = Attachable & { readonly device: EndpointDevice };

/** All endpoints that the agent has made and not taken away. */
export class LocalEndpoints {
  private readonly register: Register;
  private nextHops: ReadonlySet<string> = new Set();
  /** Endpoints whose MTU is not that of the way out, and why. */
  private readonly otherMtus = new Map<number, string>();

  /** @throws AddressError for pools that are none */
  constructor(
    private readonly node: Node,
    pools: IpamOptions,
  ) {
    const { memory, model } = node;
    this.register = new Register(memory, pools, (address) => {
      return model.isNodeAddress(address) || this.nextHops.has(formatAddress(address));
    });
  }

  list(): EndpointView[] {
    return this.register.list().flatMap((each) => this.view(each));
  }

  pools(): PoolView[] {
    return this.register.pools();
  }

  /** What is wrong with the pools; it ends when it is put right. */
  checkPools(): string[] {
    const { network } = this.node;
    return [...checkPools(this.register.ranges, network), ...checkPoolUse(this.pools())];
  }

  /**
   * @param isRetry whether it may have been made already for the same attachment, by a request
   *   whose answer was lost
   * @throws EndpointError, IpamError, StateWriteError, KernelError, NetlinkError; nothing is left
   *   then
   */
  add(request: NewEndpoint, isRetry = false): EndpointView {
    const { network, deviceKind } = this.node;
    const start = performance.now();
    const made = isRetry ? this.madeBefore(request) : undefined;
    if (made) return this.view(made)[0]!;
    this.dropDeadRivals(request);
    this.register.check(request);
    checkNamespace(network, request, this.register.list());
    const mtuBytes = uplinkMtu(network);
    this.nextHops = nextHops(network);
    const stored = this.register.begin(request, { deviceKind, mtuBytes });
    let isUsed = false;
    try {
      const known = this.make(stored);
      isUsed = true;
      openRoutes(network, deviceOf(stored), known.interfaceIndex);
      const numbers = numbersOf(known);
      const ready = this.register.finish(stored, numbers, this.lastIdentity());
      this.tell('endpoint added', ready, start);
      return this.view(ready)[0]!;
    } catch (error) {
      this.take(stored, isUsed);
      throw error;
    }
  }

  /** @throws EndpointError, PolicyRefusedError, StateWriteError; the old labels stay then */
  relabel(name: string, labels: Readonly<Record<string, string>>): EndpointView {
    const { memory, model } = this.node;
    const start = performance.now();
    const stored = this.find('relabel', name);
    if (!stored) {
      const message = `relabel endpoint ${name}: there is none (see \`skep endpoint list\`)`;
      throw new EndpointError('ERR_ENDPOINT_MISSING', message);
    }
    const known = model.relabelEndpoint(stored.id, labels);
    const { networkLabels: _, ...kept } = stored;
    const renewed = { ...kept, ...numbersOf(known), labels: { ...labels } };
    try {
      memory.putEndpoints([renewed], this.lastIdentity());
    } catch (error) {
      model.relabelEndpoint(stored.id, stored.labels);
      throw error;
    }
    this.tell('endpoint relabelled', renewed, start);
    return this.view(renewed)[0]!;
  }

  /** Whether the labels of its container are still to come. */
  awaitsLabels(key: AttachmentKey): boolean {
    return this.register.findAttachment(key)?.networkLabels !== undefined;
  }

  /** Gives an endpoint its labels when its container's are known. @throws as `relabel` */
  learnLabels(key: AttachmentKey, labels: Readonly<Record<string, string>>): void {
    const stored = this.register.findAttachment(key);
    if (!stored) return;
    this.relabel(qualifiedName(stored), { ...labels, ...stored.networkLabels });
  }

  /**
   * False when there was none.
   *
   * @throws EndpointError, StateWriteError; the endpoint stays as it is then
   */
  remove(name: string): boolean {
    return this.removeAll([this.find('remove', name)]) > 0;
  }

  /** False when there was none. @throws StateWriteError; the endpoint stays as it is then */
  removeAttachment(key: AttachmentKey): boolean {
    return this.removeAll([this.register.findAttachment(key)]) > 0;
  }

  /**
   * Removes the attachments of a network that are not in the list.
   *
   * @returns how many. @throws StateWriteError; they stay as they are then
   */
  removeUnlisted(network: string, valid: readonly AttachmentKey[]): number {
    const kept = new Set(valid.map((key) => this.register.findAttachment({ ...key, network })?.id));
    const unlisted = this.register.list().filter(({ id, attachment }) => {
      return attachment?.network === network && !kept.has(id);
    });
    return this.removeAll(unlisted);
  }

  /** @param networkNamespace of the container, as its runtime has it now. @throws EndpointError */
  check(key: AttachmentKey, networkNamespace: string): AttachmentCheck {
    const stored = this.register.findAttachment(key);
    const [endpoint] = stored ? this.view(stored) : [];
    if (!stored || !endpoint) {
      const { interfaceName, containerId, network } = key;
      const of = network === undefined ? '' : ` in network ${network}`;
      const message = `check interface ${interfaceName} of container ${containerId}${of}`;
      throw new EndpointError('ERR_ENDPOINT_MISSING', `${message}: the agent does not know it`);
    }
    const device = { ...deviceOf(stored), networkNamespace };
    const problems = [...checkDevice(this.node.network, device), ...this.missingPrograms(stored)];
    return { endpoint, problems };
  }

  private missingPrograms(stored: StoredEndpoint): string[] {
    const { network, kernel } = this.node;
    const link = findDevice(network, hostInterfaceName(stored.id));
    if (!link) return [];
    const endpoint = attachableOf(stored, link.index);
    return this.inNamespace(() => kernel.missingPrograms(endpoint)).map((direction) => {
      return `program at ${direction} of ${link.name}: it is gone`;
    });
  }

  /** @returns how many; all of them where none are given */
  removeAll(endpoints: readonly (StoredEndpoint | undefined)[] = this.register.list()): number {
    const found = endpoints.filter((each) => each !== undefined);
    if (found.length === 0) return 0;
    this.register.beginRemoval(found);
    for (const stored of found) {
      const start = performance.now();
      this.take(stored);
      this.tell('endpoint removed', stored, start);
    }
    return found.length;
  }

  /**
   * After a start: programs of this build in the place of the old ones, for every endpoint that is
   * still there; what was begun and not ended is taken away.
   */
  restore(): void {
    const { memory, kernel } = this.node;
    const all = [...memory.endpoints.values()];
    for (const stored of all) if (stored.state !== 'ready') this.take(stored);
    const ready = all.filter(({ state }) => state === 'ready');
    const there = ready.flatMap((each) => this.locate(each));
    this.inNamespace(() => kernel.keepFormer(there));
    for (const each of there) this.takeOver(each);
  }

  /**
   * When the way out may be another one: what endpoints may send is what it takes.
   *
   * @returns whether it is so of all of them
   */
  followMtu(): boolean {
    const { network, memory } = this.node;
    const mtuBytes = uplinkMtu(network);
    const others = this.register.list().filter((stored) => {
      return stored.state === 'ready' && mtuBytes !== undefined && stored.mtuBytes !== mtuBytes;
    });
    const before = new Map(this.otherMtus);
    this.otherMtus.clear();
    const renewed = others.flatMap((stored) => {
      try {
        setMtu(network, deviceOf(stored), mtuBytes!);
        return [{ ...stored, mtuBytes: mtuBytes! }];
      } catch (error) {
        const what = `endpoint ${qualifiedName(stored)}: MTU ${mtuBytes} of the way out`;
        const problem = `${what} cannot be set: ${String(error)} (add the endpoint again)`;
        this.otherMtus.set(stored.id, problem);
        if (before.get(stored.id) !== problem) this.node.tell({ kind: 'problem', problem });
        return [];
      }
    });
    if (renewed.length > 0) memory.putEndpoints(renewed);
    return this.otherMtus.size === 0;
  }

  /** What is wrong with endpoints, as long as it is. */
  get problems(): string[] {
    return [...this.otherMtus.values()];
  }

  /** A device may go with its container at any moment. */
  private takeOver(located: Located): void {
    const { memory, network, kernel, deviceAlias } = this.node;
    try {
      network.links.set(located.interfaceIndex, { alias: deviceAlias });
      this.inNamespace(() => kernel.attach(located));
      openRoutes(network, located.device, located.interfaceIndex);
    } catch (error) {
      const stored = memory.endpoints.get(located.id);
      if (!stored || this.locate(stored).length > 0) throw error;
    }
  }

  /** Where an endpoint is, if it still is. */
  private locate(stored: StoredEndpoint): Located[] {
    const { network, problems } = this.node;
    const device = deviceOf(stored);
    const link = findDevice(network, device.hostInterface);
    if (link) return [{ ...attachableOf(stored, link.index), device }];
    if (stored.attachment) {
      // It went with its container, as when the machine was started anew.
      this.removeAll([stored]);
      return [];
    }
    problems.push(
      `endpoint ${qualifiedName(stored)}: its device ${device.hostInterface} is gone ` +
        '(remove the endpoint and add it again)',
      stored.id,
    );
    return [];
  }

  /** The endpoint of a request that was carried out, though nobody heard so. */
  private madeBefore(request: EndpointRequest): StoredEndpoint | undefined {
    const { attachment, interfaceName = DEFAULT_INTERFACE, networkNamespace } = request;
    if (!attachment) return undefined;
    const { network, containerId } = attachment;
    const made = this.register.findAttachment({ network, containerId, interfaceName });
    return made?.state === 'ready' && made.networkNamespace === networkNamespace ? made : undefined;
  }

  /** Endpoints in the way whose container is gone, though no runtime has said so. */
  private dropDeadRivals(request: EndpointRequest): void {
    const { network } = this.node;
    const dead = this.register.rivalsOf(request).filter((rival) => {
      return rival.attachment && !findDevice(network, hostInterfaceName(rival.id));
    });
    this.removeAll(dead);
  }

  /** All but the way to it, which opens last. */
  private make(stored: StoredEndpoint): KnownEndpoint {
    const { network, model, kernel, deviceAlias } = this.node;
    const device = deviceOf(stored);
    const interfaceIndex = createDevice(network, device);
    network.links.set(interfaceIndex, { alias: deviceAlias });
    const known = model.addEndpoint(factsOf(stored, interfaceIndex));
    this.inNamespace(() => kernel.attach(attachableOf(stored, interfaceIndex)));
    return known;
  }

  /**
   * Closed first, then gone; what is not there any more is no error.
   *
   * @param isUsed whether there was a way to it
   */
  private take(stored: StoredEndpoint, isUsed = true): void {
    const { network, model, kernel, problems } = this.node;
    model.removeEndpoint(stored.id);
    const device = deviceOf(stored);
    deleteDevice(network, device);
    closeWaysOut(device);
    kernel.detach(stored.id);
    problems.forgetEndpoint(stored.id);
    this.otherMtus.delete(stored.id);
    try {
      this.register.forget(stored, isUsed);
    } catch (error) {
      // It is gone; the next start finds that it was not ready, and nothing of it.
      problems.push(`endpoint ${qualifiedName(stored)} is gone, but not forgotten: ${error}`);
    }
  }

  /** @throws EndpointError where several are called so */
  private find(operation: string, name: string): StoredEndpoint | undefined {
    const found = this.register.list().filter((each) => isCalled(qualifiedName(each), name));
    if (found.length < 2) return found[0];
    const names = found.map(qualifiedName).join(', ');
    const message = `${operation} endpoint ${name}: several are called so: ${names}`;
    throw new EndpointError('ERR_ENDPOINT_AMBIGUOUS', message);
  }

  private tell(kind: EndpointOccurrence['kind'], stored: StoredEndpoint, start: number): void {
    const { id, identity } = stored;
    const milliseconds = performance.now() - start;
    const isGone = kind === 'endpoint removed' || identity === undefined;
    const facts = { endpoint: qualifiedName(stored), id, ...(isGone ? {} : { identity }) };
    this.node.tell({ kind, ...facts, milliseconds });
  }

  /** Where the next agent goes on giving identities. */
  private lastIdentity(): { lastIdentity: number } {
    return { lastIdentity: this.node.model.identities.last };
  }

  private view(stored: StoredEndpoint): EndpointView[] {
    const { model } = this.node;
    const known = model.endpoint(stored.id);
    return known ? [endpointView(model, known, stored, hostInterfaceName(stored.id))] : [];
  }

  private inNamespace<T>(task: () => T): T {
    return inNetworkNamespace(this.node.network.namespace, task);
  }
}

function numbersOf({ identity, subject }: KnownEndpoint): { identity: number; subject: number } {
  return { identity, subject };
}
