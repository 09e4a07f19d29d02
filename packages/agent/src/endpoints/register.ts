/**
 * The book of the node's endpoints: who has which id, name, address and interface. What an endpoint
 * gets is on disk before anything is made of it, and free again only when nothing of it is left.
 */
import { type Address, isHostAddress, parseAddress } from '@skep/wire';
import type { DeviceKind } from '../devices/device-kind.ts';
import type { AddressRange } from '../ipam/address-range.ts';
import { Ipam, type IpamOptions, steadyNow } from '../ipam/ipam.ts';
import { qualifiedName } from '../model/endpoint-facts.ts';
import type { NewEndpoint } from '../runtimes/container-labels.ts';
import type { Memory } from '../state/memory.ts';
import type { StoredEndpoint, StoredNode } from '../state/schema.ts';
import type { AttachmentKey, EndpointRequest, PoolView } from '../views.ts';
import { addressTextsOf, Claims } from './claims.ts';
import { EndpointError } from './endpoint-error.ts';

/** What the tables and devices have of an endpoint when it is ready. */
export interface ReadyFacts {
  readonly identity: number;
  readonly subject: number;
}

/** What its device is to be, where it is not what goes without saying. */
export interface NewDevice {
  readonly deviceKind?: DeviceKind | undefined;
  readonly mtuBytes?: number | undefined;
}

/** Endpoints as they are remembered; no devices, no tables. */
export class Register {
  private readonly claims: Claims;
  private readonly ipam: Ipam;
  private readonly poolTexts: readonly string[];
  private readonly now: () => number;

  /** @param isNodeAddress whether the node or its router has an address. @throws AddressError */
  constructor(
    private readonly memory: Memory,
    options: IpamOptions,
    private readonly isNodeAddress: (address: Address) => boolean,
  ) {
    this.claims = new Claims(memory.endpoints);
    this.now = options.now ?? steadyNow;
    this.poolTexts = options.pools ?? [];
    this.ipam = new Ipam(options, memory.released, (address) => {
      return this.claims.hasAddress(address) || isNodeAddress(parseAddress(address));
    });
  }

  /** By id. */
  list(): StoredEndpoint[] {
    return [...this.memory.endpoints.values()].sort((left, right) => left.id - right.id);
  }

  findAttachment(key: AttachmentKey): StoredEndpoint | undefined {
    return this.claims.findAttachment(key);
  }

  /** Those that have a name, an address or an interface that is asked for. @throws AddressError */
  rivalsOf(request: EndpointRequest): StoredEndpoint[] {
    return [...new Set(this.claims.conflicts(request).map(([, holder]) => holder))];
  }

  /** Whether it asks for what it may have. @throws EndpointError, AddressError */
  check(request: EndpointRequest): void {
    this.claims.check(request);
    for (const text of addressTextsOf(request)) this.checkBrought(text, request);
  }

  /**
   * An id, and addresses where they are wanted: from here on a crash undoes the endpoint.
   *
   * @throws EndpointError, IpamError, AddressError, StateWriteError; nothing is taken then
   */
  begin(
    { wantsAddresses, ...request }: NewEndpoint,
    { deviceKind, mtuBytes }: NewDevice = {},
  ): StoredEndpoint {
    this.check(request);
    const id = this.claims.freeId(this.memory.current.lastEndpointId);
    const asked = request as Omit<StoredEndpoint, 'id' | 'state'>;
    const { ipv4, ipv6 } = request;
    const addresses = wantsAddresses
      ? this.ipam.choose({ ...(ipv4 && { ipv4 }), ...(ipv6 && { ipv6 }) })
      : {};
    const device = {
      ...(mtuBytes === undefined ? {} : { mtuBytes }),
      ...(deviceKind === undefined ? {} : { deviceKind }),
    };
    const stored: StoredEndpoint = { ...asked, ...addresses, ...device, id, state: 'creating' };
    this.memory.beginEndpoint(stored);
    this.claims.add(stored);
    return stored;
  }

  /** What was begun is done. @throws StateWriteError */
  finish(stored: StoredEndpoint, facts: ReadyFacts, node: Partial<StoredNode>): StoredEndpoint {
    const ready = { ...stored, ...facts, state: 'ready' as const };
    this.memory.putEndpoints([ready], node, false);
    return ready;
  }

  /** From here on they go, also after a crash. @throws StateWriteError; they stay then */
  beginRemoval(endpoints: readonly StoredEndpoint[]): void {
    this.memory.putEndpoints(endpoints.map((each) => ({ ...each, state: 'removing' as const })));
  }

  /**
   * Nothing of it is left: what it had is free, after a while if somebody may have talked to it.
   *
   * @throws StateWriteError
   */
  forget(stored: StoredEndpoint, isUsed = true): void {
    this.claims.remove(stored);
    this.memory.forgetEndpoint(stored.id, {
      at: this.now(),
      addresses: isUsed ? this.ipam.coolable(addressTextsOf(stored)) : [],
      cooled: this.ipam.cooled(),
    });
  }

  /** @throws EndpointError */
  private checkBrought(text: string, request: EndpointRequest): void {
    const found = this.flawOf(parseAddress(text), request);
    if (found === undefined) return;
    const operation = `add endpoint ${qualifiedName(request)}`;
    const message = `${operation}: ${text} ${found} (bring another address, or none)`;
    throw new EndpointError('ERR_ENDPOINT_ADDRESS', message);
  }

  /**
   * What comes in for the node must not be an endpoint's. Where a container asks, the pools are
   * all that there is, if there is one; whoever asks without one owns the node, and knows its
   * network.
   */
  private flawOf(address: Address, { attachment }: EndpointRequest): string | undefined {
    if (this.isNodeAddress(address)) return 'belongs to the node, or is its router';
    if (!isHostAddress(address)) return 'is none that one host can have';
    const isOpen = !attachment || this.poolTexts.length === 0;
    if (isOpen || this.ipam.has(address)) return undefined;
    return `is in none of the agent's pools ${this.poolTexts.join(', ')}`;
  }

  /** What is given, without what is reserved. */
  get ranges(): AddressRange[] {
    return this.ipam.ranges;
  }

  pools(): PoolView[] {
    return this.ipam.views(this.list().flatMap(addressTextsOf));
  }
}
