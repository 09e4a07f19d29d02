/** Network namespaces that an endpoint can be made in, told by what they are and not by path. */
import { fstatSync, type Stats, statSync } from 'node:fs';
import { Network } from '@skep/netlink';
import { qualifiedName } from '../model/endpoint-facts.ts';
import type { StoredEndpoint } from '../state/schema.ts';
import { DEFAULT_INTERFACE } from '../state/stored.ts';
import { EndpointError } from './endpoint-error.ts';

/**
 * Of an endpoint that is about to get its device, beside the others.
 *
 * @throws EndpointError where the namespace is the node's, or has an interface of that name;
 *   KernelError where there is no namespace
 */
export function checkNamespace(
  node: Network,
  endpoint: StoredEndpoint,
  others: Iterable<StoredEndpoint>,
): void {
  const { networkNamespace, interfaceName = DEFAULT_INTERFACE } = endpoint;
  const operation = `add endpoint ${qualifiedName(endpoint)}`;
  const inside = new Network(networkNamespace);
  try {
    const own = fstatSync(inside.namespace.number);
    if (isSame(own, fstatSync(node.namespace.number))) {
      const found = `${networkNamespace} is the node's own network namespace`;
      const message = `${operation}: ${found}, expected the endpoint's`;
      throw new EndpointError('ERR_ENDPOINT_NAMESPACE', message);
    }
    if (!inside.links.find(interfaceName)) return;
    const holder = [...others].find((other) => {
      const { id, interfaceName: name = DEFAULT_INTERFACE } = other;
      return id !== endpoint.id && name === interfaceName && isAt(other.networkNamespace, own);
    });
    const whose = holder ? qualifiedName(holder) : 'somebody else';
    const found = `interface ${interfaceName} of ${networkNamespace} belongs to ${whose}`;
    const message = `${operation}: ${found} (remove that, or give another name of the interface)`;
    throw new EndpointError('ERR_ENDPOINT_EXISTS', message);
  } finally {
    inside.close();
  }
}

/** The path of one that is gone leads nowhere. */
function isAt(path: string, namespace: Stats): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && isSame(found, namespace);
}

function isSame(left: Stats, right: Stats): boolean {
  return left.dev === right.dev && left.ino === right.ino;
}
