/** For tests of the model: tables on the machine, looked at after each write. */
import type { ProgramObject } from '@skep/bytecode';
import { endpointPrograms, MachineTables, type NodeConstants } from '@skep/datapath';
import { type MapDeclaration, TcAction } from '@skep/ebpf';
import { type PolicyDocument, parsePolicies } from '@skep/policy';
import { formatMac, makeFrame, parseAddress } from '@skep/wire';
import type { EndpointFacts } from '../model/endpoint-facts.ts';
import type { RawTables } from '../tables/raw-tables.ts';

const NODE: NodeConstants = { jiffiesPerSecond: 250, hasRedirectPeer: 1, reportsForwarded: 1 };

/** One with the address 10.0.0.ID, whose label `app` is its name. */
export function endpoint(id: number, name: string): EndpointFacts {
  return {
    id,
    name,
    namespace: 'default',
    labels: { app: name },
    ipv4: parseAddress(`10.0.0.${id}`),
    interfaceIndex: 100 + id,
    mac: Uint8Array.of(2, 0, 0, 0, 0, id),
    gatewayMac: Uint8Array.of(6, 0, 0, 0, 0, id),
  };
}

/** Only `from` may talk to `to`. */
export function allowOnly(to: string, from: string): PolicyDocument[] {
  const text = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: ${to} }
spec:
  podSelector: { matchLabels: { app: ${to} } }
  policyTypes: [Ingress]
  ingress: [{ from: [{ podSelector: { matchLabels: { app: ${from} } } }] }]
`;
  return parsePolicies(text, { file: `${to}.yaml` });
}

/** Tables on the machine that say after each write that it was made. */
export class WatchedTables implements RawTables {
  onWrite: () => void = () => {};
  private readonly inner = new MachineTables(NODE);
  private readonly program = this.inner.load(endpointPrograms(NODE).fromEndpoint);
  private nextPort = 10_000;

  update(map: MapDeclaration, key: Uint8Array, value: Uint8Array): void {
    this.inner.update(map, key, value);
    this.onWrite();
  }

  delete(map: MapDeclaration, key: Uint8Array): void {
    this.inner.delete(map, key);
    this.onWrite();
  }

  lookup(map: MapDeclaration, key: Uint8Array): Uint8Array | undefined {
    return this.inner.lookup(map, key);
  }

  entries(map: MapDeclaration): { key: Uint8Array; value: Uint8Array }[] {
    return this.inner.entries(map);
  }

  setPolicy(slot: number, program: ProgramObject | null): void {
    this.inner.setPolicy(slot, program);
    this.onWrite();
  }

  /** Whether a new flow from one endpoint is delivered to another. */
  isDelivered(from: EndpointFacts, to: EndpointFacts): boolean {
    this.nextPort = 10_000 + ((this.nextPort + 1) % 50_000);
    const packet = makeFrame({
      sourceMac: formatMac(from.mac),
      destinationMac: formatMac(from.gatewayMac),
      source: from.ipv4!.bytes.join('.'),
      destination: to.ipv4!.bytes.join('.'),
      udp: { sourcePort: this.nextPort, destinationPort: 53 },
    });
    const result = this.program.run({ packet, context: { ifindex: from.interfaceIndex } });
    this.inner.takeEvents();
    return result.returnValue === TcAction.Redirect;
  }
}
