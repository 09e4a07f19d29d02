/** Network namespaces that an endpoint can be made in, told by what they are and not by path. */
import { fstatSync, type Stats, statSync } from 'node:fs';
import { Network } from '@skep/netlink';
import { Errno, KernelError } from '@skep/sys';
import { qualifiedName } from '../model/endpoint-facts.ts';
import type { StoredEndpoint } from '../state/schema.ts';
import { DEFAULT_INTERFACE } from '../state/stored.ts';
import type { EndpointRequest } from '../views.ts';
import { EndpointError } from './endpoint-error.ts';

/**
 * Of an endpoint that somebody asks for, beside the others.
 *
 * @throws EndpointError where the namespace is the node's, or has an interface of that name;
 *   KernelError where there is no namespace
 */
export function checkNamespace(
  node: Network,
  request: EndpointRequest,
  others: Iterable<StoredEndpoint>,
): void {
  const { networkNamespace, interfaceName = DEFAULT_INTERFACE } = request;
  const operation = `add endpoint ${qualifiedName(request)}`;
  const inside = openNamespace(operation, networkNamespace);
  try {
    const own = fstatSync(inside.namespace.number);
    if (isSame(own, fstatSync(node.namespace.number))) {
      throw wrongNamespace(operation, `${networkNamespace} is the node's own network namespace`);
    }
    if (!inside.links.find(interfaceName)) return;
    const holder = [...others].find((other) => {
      const { interfaceName: name = DEFAULT_INTERFACE } = other;
      return name === interfaceName && isAt(other.networkNamespace, own);
    });
    const whose = holder ? qualifiedName(holder) : 'somebody else';
    const found = `interface ${interfaceName} of ${networkNamespace} belongs to ${whose}`;
    const message = `${operation}: ${found} (remove that, or give another name of the interface)`;
    throw new EndpointError('ERR_ENDPOINT_EXISTS', message);
  } finally {
    inside.close();
  }
}

function openNamespace(operation: string, path: string): Network {
  try {
    return new Network(path);
  } catch (error) {
    const isOther = error instanceof KernelError && error.errno === Errno.EINVAL;
    throw isOther ? wrongNamespace(operation, `${path} is no network namespace`) : error;
  }
}

function wrongNamespace(operation: string, found: string): EndpointError {
  const message = `${operation}: ${found}, expected the endpoint's`;
  return new EndpointError('ERR_ENDPOINT_NAMESPACE', message);
}

/** The path of one that is gone leads nowhere. */
function isAt(path: string, namespace: Stats): boolean {
  const found = statSync(path, { throwIfNoEntry: false });
  return found !== undefined && isSame(found, namespace);
}

function isSame(left: Stats, right: Stats): boolean {
  return left.dev === right.dev && left.ino === right.ino;
}
