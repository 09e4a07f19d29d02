/** What a lab can do, whether its packets pass a kernel or the machine. */
import type { EndpointRequest, ExplainRequest, ExplainView, FlowView } from '@skep/agent';

/** What became of a probe. */
export type LabVerdict = 'allowed' | 'dropped';

/** An endpoint to be brought up; where it lives is the lab's affair. */
export type NewEndpoint = Omit<EndpointRequest, 'networkNamespace' | 'interfaceName'>;

/** Something outside the cluster, by a name of the lab's: addresses that answer. */
export interface OutsideHost {
  readonly name: string;
  /** Text; at most one of each family. */
  readonly addresses: readonly string[];
}

/** How the client of an exchange speaks, and the server that answers it. */
export type ExchangeKind = 'http' | 'tcp' | 'udp' | 'sctp' | 'icmp';

/** A question over one family of addresses, from one end of a lab to another. */
export interface Exchange {
  /** Names of endpoints or of hosts outside. */
  readonly from: string;
  readonly to: string;
  readonly family: 4 | 6;
  /** Addresses of both, as text. */
  readonly source: string;
  readonly destination: string;
  readonly kind: ExchangeKind;
  /** Destination port, or the ICMP type of the family. */
  readonly port: number;
}

/** What became of an exchange. */
export interface Answer {
  readonly seen: LabVerdict;
  /** What the packet met, in a few words. */
  readonly detail: string;
  /** What the datapath reported of it, where it did. */
  readonly flow?: FlowView;
}

/** A lab that is up. Endpoints are called by their names without namespace, unique in a lab. */
export interface LabApi {
  addEndpoint(endpoint: NewEndpoint): Promise<void>;
  removeEndpoint(name: string): Promise<void>;
  relabelEndpoint(name: string, labels: Readonly<Record<string, string>>): Promise<void>;
  /** `file` names the text in messages. */
  applyPolicies(yaml: string, file: string): Promise<void>;
  /** By `kind/namespace/name`. */
  deletePolicies(keys: readonly string[]): Promise<void>;
  exchange(exchange: Exchange): Promise<Answer>;
  /** Which rules decide about the first packet of an exchange. */
  explain(exchange: Exchange): Promise<ExplainView>;
}

/** The protocol of a kind, as policies and people call it; ICMP's name depends on the family. */
export function protocolOf({
  kind,
  family,
}: Pick<Exchange, 'kind' | 'family'>): ExplainRequest['protocol'] {
  switch (kind) {
    case 'http':
    case 'tcp':
      return 'TCP';
    case 'udp':
      return 'UDP';
    case 'sctp':
      return 'SCTP';
    case 'icmp':
      return family === 4 ? 'ICMP' : 'ICMPv6';
  }
}

/** The question of an exchange, as `explain` takes it. */
export function explainRequestOf(exchange: Exchange): ExplainRequest {
  const { source, destination, port } = exchange;
  return { from: source, to: destination, port: String(port), protocol: protocolOf(exchange) };
}
