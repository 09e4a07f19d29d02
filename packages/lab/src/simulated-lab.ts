/**
 * The same lab without a kernel: its exchanges are packets, its programs the same bytecode, run on
 * the machine. What a lab falls back to where BPF is not permitted, and what decides policy tests.
 */
import { resolve } from 'node:path';
import {
  type EndpointFacts,
  type ExplainView,
  explainFlow,
  SimulatedNode,
  type SimulatedResult,
} from '@skep/agent';
import { describeDropReason } from '@skep/contract';
import { PROTOCOLS_BY_NAME, parsePolicyFiles } from '@skep/policy';
import { formatMac, IpProtocol, makeFrame, type PacketDescription, TcpFlag } from '@skep/wire';
import { parseAddress, singlePrefix } from '@skep/wire';
import {
  type Answer,
  type Exchange,
  explainRequestOf,
  type LabApi,
  type NewEndpoint,
} from './lab-api.ts';
import { ResidentMissingError } from './lab-errors.ts';
import { endpointOf, type LabSpec } from './lab-file.ts';
import { type ProbeResult, resolveProbes } from './probe.ts';
import { readText } from './read-text.ts';

const FIRST_CLIENT_PORT = 20_000;
const CLIENT_PORTS = 40_000;
/** Interface indexes mean nothing here, but each endpoint must have one of its own. */
const FIRST_INTERFACE = 100;
/** Ports, tag and checksum. @source RFC 9260 section 3.1 */
const SCTP_HEADER_BYTES = 12;

/** The node of a lab, where its exchanges have it for an end: it is called `host` in them. */
export interface SimulatedHost {
  readonly labels: Readonly<Record<string, string>>;
  /** Text. */
  readonly addresses: readonly string[];
}

/** What exchanges call the node. */
export const HOST_NAME = 'host';
/** Both ends of the link at the uplink; nobody looks at them. */
const UPLINK_MACS = { sourceMac: '02:00:00:00:00:66', destinationMac: '02:00:00:00:00:77' };

/** A lab on the machine; whatever is neither endpoint nor node is outside. */
export class SimulatedLab implements LabApi {
  private readonly node: SimulatedNode;
  private readonly endpoints = new Map<string, EndpointFacts>();
  private lastId = 0;
  private exchanges = 0;

  constructor(private readonly host?: SimulatedHost) {
    this.node = new SimulatedNode({}, { nodeLabels: host?.labels ?? {} });
    const addresses = (host?.addresses ?? []).map(parseAddress);
    this.node.model.setNodeAddresses(addresses.map(singlePrefix));
  }

  async addEndpoint(endpoint: NewEndpoint): Promise<void> {
    const facts = factsOf(endpoint, ++this.lastId);
    this.node.addEndpoint(facts);
    this.endpoints.set(endpoint.name, facts);
  }

  async removeEndpoint(name: string): Promise<void> {
    this.node.removeEndpoint(this.endpoint('remove endpoint', name).id);
    this.endpoints.delete(name);
  }

  async relabelEndpoint(name: string, labels: Readonly<Record<string, string>>): Promise<void> {
    this.node.model.relabelEndpoint(this.endpoint('relabel endpoint', name).id, labels);
  }

  async applyPolicies(yaml: string, file: string): Promise<void> {
    const [parsed] = parsePolicyFiles([{ file, text: yaml }]);
    this.node.model.applyDocuments(parsed!.documents);
  }

  async deletePolicies(keys: readonly string[]): Promise<void> {
    this.node.model.deleteDocuments(keys);
  }

  async exchange(exchange: Exchange): Promise<Answer> {
    return this.decide(exchange);
  }

  async explain(exchange: Exchange): Promise<ExplainView> {
    return explainFlow(this.node.model, explainRequestOf(exchange));
  }

  /** The packet that begins the exchange, through the hook that would see it. */
  private decide(exchange: Exchange): Answer {
    if (this.isAtUplink(exchange)) return this.decideAtUplink(exchange);
    const source = this.endpoints.get(exchange.from);
    const owner = source ?? this.endpoint('probe', exchange.to);
    const [own, gateway] = [formatMac(owner.mac), formatMac(owner.gatewayMac)];
    const frame = makeFrame({
      sourceMac: source ? own : gateway,
      destinationMac: source ? gateway : own,
      ...this.packetOf(exchange),
    });
    const result = source ? this.node.sendFrom(owner.id, frame) : this.node.sendTo(owner.id, frame);
    return answerOf(result);
  }

  /** Between the node and somebody outside. */
  private isAtUplink({ from, to }: Exchange): boolean {
    const isHost = this.host !== undefined && (from === HOST_NAME || to === HOST_NAME);
    return isHost && !this.endpoints.has(from) && !this.endpoints.has(to);
  }

  private decideAtUplink(exchange: Exchange): Answer {
    const frame = makeFrame({ ...UPLINK_MACS, ...this.packetOf(exchange) });
    const hook = exchange.from === HOST_NAME ? 'toNetwork' : 'fromNetwork';
    return answerOf(this.node.passUplink(hook, frame));
  }

  private packetOf(exchange: Exchange): PacketDescription {
    const { source, destination } = exchange;
    const sourcePort = FIRST_CLIENT_PORT + (this.exchanges++ % CLIENT_PORTS);
    return { source, destination, ...transportOf(exchange, sourcePort) };
  }

  private endpoint(operation: string, name: string): EndpointFacts {
    const found = this.endpoints.get(name);
    if (!found) throw new ResidentMissingError(operation, name, this.endpoints.keys());
    return found;
  }
}

function answerOf({ verdict, reason }: SimulatedResult): Answer {
  if (verdict === 'forwarded') return { seen: 'allowed', detail: 'delivered' };
  return { seen: 'dropped', detail: reason === undefined ? '' : describeDropReason(reason).name };
}

/** Decides all probes of a lab. @throws PolicyDocumentError */
export async function simulateLab(lab: LabSpec, baseDirectory: string): Promise<ProbeResult[]> {
  const simulated = new SimulatedLab();
  for (const endpoint of lab.endpoints) await simulated.addEndpoint(endpointOf(lab, endpoint));
  for (const file of lab.policies) {
    await simulated.applyPolicies(readText(resolve(baseDirectory, file)), file);
  }
  const results: ProbeResult[] = [];
  for (const probe of resolveProbes(lab)) {
    const { seen, detail } = await simulated.exchange(probe.exchange);
    results.push({ ...probe, seen, detail });
  }
  return results;
}

function transportOf({ kind, port: destinationPort }: Exchange, sourcePort: number): object {
  switch (kind) {
    case 'http':
    case 'tcp':
      return { tcp: { sourcePort, destinationPort, flags: TcpFlag.SYN } };
    case 'udp':
      return { udp: { sourcePort, destinationPort } };
    case 'sctp': {
      const payload = new Uint8Array(SCTP_HEADER_BYTES);
      const view = new DataView(payload.buffer);
      view.setUint16(0, sourcePort);
      view.setUint16(2, destinationPort);
      return { protocol: IpProtocol.SCTP, payload };
    }
    case 'icmp':
      return { icmp: { type: destinationPort, identifier: sourcePort } };
  }
}

function factsOf(endpoint: NewEndpoint, id: number): EndpointFacts {
  const { ipv4, ipv6, namedPorts = [], ...named } = endpoint;
  const mac = (kind: number): Uint8Array => Uint8Array.of(kind, 0, 0, 0, id >> 8, id & 0xff);
  return {
    ...named,
    id,
    ...(ipv4 === undefined ? {} : { ipv4: parseAddress(ipv4) }),
    ...(ipv6 === undefined ? {} : { ipv6: parseAddress(ipv6) }),
    namedPorts: namedPorts.map((each) => ({ ...each, protocol: PROTOCOLS_BY_NAME[each.protocol] })),
    interfaceIndex: FIRST_INTERFACE + id,
    mac: mac(0x02),
    gatewayMac: mac(0x06),
  };
}
