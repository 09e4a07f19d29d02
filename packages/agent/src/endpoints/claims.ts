/** What only one endpoint can have: an id, a name, an address, an interface of a container. */
import { ENDPOINTS_MAX } from '@skep/contract';
import { atLimit, endpoints } from '@skep/datapath';
import { formatAddress, parseAddress } from '@skep/wire';
import { qualifiedName } from '../model/endpoint-facts.ts';
import type { StoredEndpoint } from '../state/schema.ts';
import { DEFAULT_INTERFACE } from '../state/stored.ts';
import type { AttachmentKey, EndpointRequest } from '../views.ts';
import { EndpointError } from './endpoint-error.ts';

/** Who has which name, address and interface. */
export class Claims {
  private readonly holders = new Map<string, number>();

  constructor(private readonly endpoints: ReadonlyMap<number, StoredEndpoint>) {
    for (const endpoint of endpoints.values()) this.add(endpoint);
  }

  add(endpoint: StoredEndpoint): void {
    for (const claim of claimsOf(endpoint)) this.holders.set(claim, endpoint.id);
  }

  /** Only its own: another endpoint may have got them since. */
  remove(endpoint: StoredEndpoint): void {
    for (const claim of claimsOf(endpoint)) {
      if (this.holders.get(claim) === endpoint.id) this.holders.delete(claim);
    }
  }

  /** Of no other network, though an interface of a container is of one only. */
  findAttachment(key: AttachmentKey): StoredEndpoint | undefined {
    const holder = this.holderOf(attachmentClaim(key));
    const isAsked = key.network === undefined || holder?.attachment?.network === key.network;
    return isAsked ? holder : undefined;
  }

  hasAddress(address: string): boolean {
    return this.holders.has(address);
  }

  /** The endpoints that have something of what is asked for, each with what it has. */
  conflicts(request: EndpointRequest): [claim: string, holder: StoredEndpoint][] {
    return claimsOf(request).flatMap((claim): [string, StoredEndpoint][] => {
      const holder = this.holderOf(claim);
      return holder ? [[claim, holder]] : [];
    });
  }

  /** @throws EndpointError where another endpoint has one of them; AddressError */
  check(request: EndpointRequest): void {
    const [conflict] = this.conflicts(request);
    if (!conflict) return;
    const [claim, holder] = conflict;
    const name = qualifiedName(request);
    const found =
      claim === name
        ? 'there is one of that name (remove it first, or give another name)'
        : `${claim} belongs to ${qualifiedName(holder)}`;
    const message = `add endpoint ${name}: ${found}`;
    throw new EndpointError('ERR_ENDPOINT_EXISTS', message);
  }

  /** An id that was not used lately. @throws EndpointError */
  freeId(lastId: number): number {
    for (let step = 1; step <= ENDPOINTS_MAX; step++) {
      const id = ((lastId + step - 1) % ENDPOINTS_MAX) + 1;
      if (!this.endpoints.has(id)) return id;
    }
    const { advice } = atLimit(endpoints.name);
    const message = `add endpoint: all ${ENDPOINTS_MAX} are taken (${advice})`;
    throw new EndpointError('ERR_ENDPOINT_LIMIT', message);
  }

  private holderOf(claim: string): StoredEndpoint | undefined {
    const id = this.holders.get(claim);
    return id === undefined ? undefined : this.endpoints.get(id);
  }
}

/** Addresses of an endpoint or a request, as text in its one form. @throws AddressError */
export function addressTextsOf(endpoint: Pick<EndpointRequest, 'ipv4' | 'ipv6'>): string[] {
  const addresses = [endpoint.ipv4, endpoint.ipv6].filter((each) => each !== undefined);
  return addresses.map((text) => formatAddress(parseAddress(text)));
}

/**
 * A name has a slash, an address neither slash nor space: they cannot be mixed up. The interface of
 * a container comes first: asked for again, it is what says why the name is taken.
 */
function claimsOf(endpoint: EndpointRequest): string[] {
  const { attachment, interfaceName = DEFAULT_INTERFACE } = endpoint;
  const { containerId } = attachment ?? {};
  const interfaces = containerId ? [attachmentClaim({ containerId, interfaceName })] : [];
  return [...interfaces, qualifiedName(endpoint), ...addressTextsOf(endpoint)];
}

function attachmentClaim({ containerId, interfaceName }: AttachmentKey): string {
  return `interface ${interfaceName} of container ${containerId}`;
}
