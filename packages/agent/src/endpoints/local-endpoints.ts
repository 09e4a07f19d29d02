/**
 * Endpoints of this node, from the request to the traffic: what is remembered, the model, the
 * devices, the programs. What is begun is on disk first, so that the next agent finishes it or
 * undoes it, wherever this one ends.
 */
import { inNetworkNamespace } from '@skep/sys';
import {
  createDevice,
  deleteDevice,
  findDevice,
  hostInterfaceName,
  openRoutes,
} from '../devices/endpoint-device.ts';
import { type KnownEndpoint, qualifiedName } from '../model/endpoint-facts.ts';
import type { Node } from '../node/node.ts';
import { endpointView } from '../node-views.ts';
import type { StoredEndpoint } from '../state/schema.ts';
import { deviceOf, factsOf } from '../state/stored.ts';
import type { EndpointRequest, EndpointView } from '../views.ts';
import { Claims } from './claims.ts';
import { EndpointError } from './endpoint-error.ts';

/** All endpoints that the agent has made and not taken away. */
export class LocalEndpoints {
  private readonly claims: Claims;

  constructor(private readonly node: Node) {
    this.claims = new Claims(node.memory.endpoints);
  }

  list(): EndpointView[] {
    const stored = [...this.node.memory.endpoints.values()];
    return stored.sort((left, right) => left.id - right.id).flatMap((each) => this.view(each));
  }

  /** @throws EndpointError, StateWriteError, KernelError, NetlinkError; nothing is left then */
  add(request: EndpointRequest): EndpointView {
    const { memory } = this.node;
    this.claims.check(request);
    const id = this.claims.freeId(memory.current.lastEndpointId);
    const asked = request as Omit<StoredEndpoint, 'id' | 'state'>;
    const stored: StoredEndpoint = { ...asked, id, state: 'creating' };
    memory.beginEndpoint(stored);
    this.claims.add(stored);
    try {
      const known = this.make(stored);
      const ready = { ...stored, ...numbersOf(known), state: 'ready' as const };
      memory.putEndpoints([ready], this.lastIdentity(), false);
      return this.view(ready)[0]!;
    } catch (error) {
      this.take(stored);
      throw error;
    }
  }

  /** @throws EndpointError, PolicyRefusedError, StateWriteError; the old labels stay then */
  relabel(name: string, labels: Readonly<Record<string, string>>): EndpointView {
    const { memory, model } = this.node;
    const stored = this.claims.find(name);
    if (!stored) {
      const message = `relabel endpoint ${name}: there is none (see \`skep endpoint list\`)`;
      throw new EndpointError('ERR_ENDPOINT_MISSING', message);
    }
    const known = model.relabelEndpoint(stored.id, labels);
    const renewed = { ...stored, ...numbersOf(known), labels: { ...labels } };
    try {
      memory.putEndpoints([renewed], this.lastIdentity());
    } catch (error) {
      model.relabelEndpoint(stored.id, stored.labels);
      throw error;
    }
    return this.view(renewed)[0]!;
  }

  /** False when there was none. @throws StateWriteError; the endpoint stays as it is then */
  remove(name: string): boolean {
    const stored = this.claims.find(name);
    if (!stored) return false;
    this.node.memory.putEndpoints([{ ...stored, state: 'removing' }]);
    this.take(stored);
    return true;
  }

  removeAll(): void {
    const all = [...this.node.memory.endpoints.values()];
    this.node.memory.putEndpoints(all.map((each) => ({ ...each, state: 'removing' as const })));
    for (const stored of all) this.take(stored);
  }

  /**
   * After a start: programs of this build in the place of the old ones, for every endpoint that is
   * still there; what was begun and not ended is taken away.
   */
  restore(): void {
    const { memory, network, kernel, problems } = this.node;
    for (const stored of [...memory.endpoints.values()]) {
      if (stored.state !== 'ready') {
        this.take(stored);
        continue;
      }
      const device = deviceOf(stored);
      const link = findDevice(network, device.hostInterface);
      if (!link) {
        problems.push(
          `endpoint ${qualifiedName(stored)}: its device ${device.hostInterface} is gone ` +
            '(remove the endpoint and add it again)',
        );
        continue;
      }
      this.inNamespace(() => kernel.attach(stored.id, link.index));
      openRoutes(network, device, link.index);
    }
  }

  /** The way to an endpoint opens last. */
  private make(stored: StoredEndpoint): KnownEndpoint {
    const { network, model, kernel } = this.node;
    const device = deviceOf(stored);
    const interfaceIndex = createDevice(network, device);
    const known = model.addEndpoint(factsOf(stored, interfaceIndex));
    this.inNamespace(() => kernel.attach(stored.id, interfaceIndex));
    openRoutes(network, device, interfaceIndex);
    return known;
  }

  /** Closed first, then gone; what is not there any more is no error. */
  private take(stored: StoredEndpoint): void {
    const { network, model, kernel, memory, problems } = this.node;
    model.removeEndpoint(stored.id);
    deleteDevice(network, deviceOf(stored));
    kernel.detach(stored.id);
    this.claims.remove(stored);
    try {
      memory.forgetEndpoint(stored.id);
    } catch (error) {
      // It is gone; the next start finds that it was not ready, and nothing of it.
      problems.push(`endpoint ${qualifiedName(stored)} is gone, but not forgotten: ${error}`);
    }
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
