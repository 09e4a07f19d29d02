/** What only one endpoint can have: an id, a name, an address. */
import { ENDPOINTS_MAX } from '@skep/contract';
import { formatAddress, parseAddress } from '@skep/wire';
import { qualifiedName } from '../model/endpoint-facts.ts';
import type { StoredEndpoint } from '../state/schema.ts';
import type { EndpointRequest } from '../views.ts';
import { EndpointError } from './endpoint-error.ts';

/** Who has which name and address. */
export class Claims {
  private readonly holders = new Map<string, number>();

  constructor(private readonly endpoints: ReadonlyMap<number, StoredEndpoint>) {
    for (const endpoint of endpoints.values()) this.add(endpoint);
  }

  add(endpoint: StoredEndpoint): void {
    for (const claim of claimsOf(endpoint)) this.holders.set(claim, endpoint.id);
  }

  remove(endpoint: StoredEndpoint): void {
    for (const claim of claimsOf(endpoint)) this.holders.delete(claim);
  }

  /** By `namespace/name`. */
  find(name: string): StoredEndpoint | undefined {
    const id = this.holders.get(name);
    return id === undefined ? undefined : this.endpoints.get(id);
  }

  /** @throws EndpointError where another endpoint has one of them; AddressError */
  check(request: EndpointRequest): void {
    for (const claim of claimsOf(request)) {
      const holder = this.holders.get(claim);
      const endpoint = holder === undefined ? undefined : this.endpoints.get(holder);
      if (!endpoint) continue;
      const operation = `add endpoint ${qualifiedName(request)}`;
      const message = `${operation}: ${claim} belongs to ${qualifiedName(endpoint)}`;
      throw new EndpointError('ERR_ENDPOINT_EXISTS', message);
    }
  }

  /** An id that was not used lately. @throws EndpointError */
  freeId(lastId: number): number {
    for (let step = 1; step <= ENDPOINTS_MAX; step++) {
      const id = ((lastId + step - 1) % ENDPOINTS_MAX) + 1;
      if (!this.endpoints.has(id)) return id;
    }
    const message = `add endpoint: all ${ENDPOINTS_MAX} are taken`;
    throw new EndpointError('ERR_ENDPOINT_LIMIT', message);
  }
}

/** A name has a slash, an address has none: they cannot be mixed up. */
function claimsOf(endpoint: EndpointRequest): string[] {
  const addresses = [endpoint.ipv4, endpoint.ipv6].filter((each) => each !== undefined);
  const texts = addresses.map((text) => formatAddress(parseAddress(text)));
  return [qualifiedName(endpoint), ...texts];
}
