/**
 * The same lab without a kernel: its exchanges are packets, its programs the same bytecode, run on
 * the machine. What a lab falls back to where BPF is not permitted, and what decides policy tests.
 */
import { resolve } from 'node:path';
import { type EndpointFacts, type ExplainView, explainFlow, SimulatedNode } from '@skep/agent';
import { describeDropReason } from '@skep/contract';
import { PROTOCOLS_BY_NAME, parsePolicies } from '@skep/policy';
import { formatMac, IpProtocol, makeFrame, parseAddress, TcpFlag } from '@skep/wire';
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

/** A lab on the machine; whatever is no endpoint is outside. */
export class SimulatedLab implements LabApi {
  private readonly node = new SimulatedNode();
  private readonly endpoints = new Map<string, EndpointFacts>();
  private lastId = 0;
  private exchanges = 0;

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
    this.node.model.applyDocuments(parsePolicies(yaml, { file }));
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
    const source = this.endpoints.get(exchange.from);
    const owner = source ?? this.endpoint('probe', exchange.to);
    const [own, gateway] = [formatMac(owner.mac), formatMac(owner.gatewayMac)];
    const frame = makeFrame({
      sourceMac: source ? own : gateway,
      destinationMac: source ? gateway : own,
      source: exchange.source,
      destination: exchange.destination,
      ...transportOf(exchange, FIRST_CLIENT_PORT + (this.exchanges++ % CLIENT_PORTS)),
    });
    const result = source ? this.node.sendFrom(owner.id, frame) : this.node.sendTo(owner.id, frame);
    if (result.verdict === 'forwarded') return { seen: 'allowed', detail: 'delivered' };
    const isKnown = result.reason !== undefined;
    return { seen: 'dropped', detail: isKnown ? describeDropReason(result.reason).name : '' };
  }

  private endpoint(operation: string, name: string): EndpointFacts {
    const found = this.endpoints.get(name);
    if (!found) throw new ResidentMissingError(operation, name, this.endpoints.keys());
    return found;
  }
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
