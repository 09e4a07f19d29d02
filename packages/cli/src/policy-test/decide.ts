/** Decides the probes of a policy test by the programs that a node would run, on the machine. */
import { resolve } from 'node:path';
import { type EndpointFacts, SimulatedNode } from '@skep/agent';
import { readText } from '@skep/lab';
import {
  documentKey,
  type Explanation,
  type NamedPort,
  PolicyProtocol,
  parsePolicies,
} from '@skep/policy';
import {
  type Address,
  formatAddress,
  formatMac,
  makeFrame,
  parseAddress,
  TcpFlag,
} from '@skep/wire';
import {
  type PolicyTest,
  PolicyTestError,
  type TestEndpoint,
  type TestProbe,
  type TestStep,
} from './test-file.ts';

const PROTOCOLS = {
  TCP: PolicyProtocol.Tcp,
  UDP: PolicyProtocol.Udp,
  SCTP: PolicyProtocol.Sctp,
  ICMP: PolicyProtocol.Icmp,
} as const;
const ICMP_ECHO = 8;
const FIRST_INTERFACE = 100;
/** Where an endpoint without an address gets one. */
const MADE_UP_PREFIX = '10.254';

/** What became of one probe, and why. */
export interface ProbeVerdict {
  readonly probe: TestProbe;
  /** Name of the step; empty for the file's own probes. */
  readonly step: string;
  readonly seen: 'allow' | 'deny';
  readonly explanation: Explanation;
}

/** One end of a probe: an endpoint's facts, or an address outside. */
interface End {
  readonly address: Address;
  readonly endpoint?: EndpointFacts;
}

/**
 * A node on the machine with the endpoints and policies of one test file. Endpoints without an
 * address get one of 10.254.0.0/16, which test files do better not to use.
 */
export class TestNode {
  private readonly node = new SimulatedNode();
  private readonly endpoints = new Map<string, EndpointFacts>();
  private nextPort = 20_000;

  /** @param folder that paths of policies are relative to */
  constructor(
    private readonly test: PolicyTest,
    private readonly folder: string,
  ) {
    for (const [index, endpoint] of test.endpoints.entries()) {
      this.add(endpoint, endpoint.labels, index + 1);
    }
    for (const policy of test.policies) this.apply(policy);
  }

  /** The file's own probes, then those of each step, in order. @throws PolicyTestError */
  run(): ProbeVerdict[] {
    const verdicts = this.test.probes.map((probe) => this.decide(probe, ''));
    for (const step of this.test.steps) {
      this.change(step);
      verdicts.push(...step.probes.map((probe) => this.decide(probe, step.name)));
    }
    return verdicts;
  }

  private change(step: TestStep): void {
    for (const policy of step.apply) this.apply(policy);
    const known = new Set(this.node.model.policy.documents().map(documentKey));
    for (const key of step.delete) {
      if (!known.has(key)) throw new PolicyTestError(`${step.name}: no policy ${key} to delete`);
    }
    this.node.model.deleteDocuments(step.delete);
    for (const [name, labels] of Object.entries(step.relabel)) {
      const endpoint = this.test.endpoints.find((each) => each.name === name);
      if (!endpoint) throw new PolicyTestError(`${step.name}: no endpoint '${name}' to relabel`);
      this.add(endpoint, labels, this.endpoints.get(name)!.id);
    }
  }

  private apply(policy: string): void {
    const isInline = policy.includes('\n');
    const text = isInline ? policy : readText(resolve(this.folder, policy));
    const file = isInline ? 'inline' : policy;
    this.node.model.applyDocuments(parsePolicies(text, { file }));
  }

  private add(endpoint: TestEndpoint, labels: TestEndpoint['labels'], id: number): void {
    const { name, namespace, ipv4, ports } = endpoint;
    const facts: EndpointFacts = {
      id,
      name,
      namespace,
      labels,
      namespaceLabels: this.test.namespaces[namespace] ?? {},
      ipv4: parseAddress(ipv4 ?? `${MADE_UP_PREFIX}.${id >> 8}.${id & 0xff}`),
      namedPorts: ports.map((each): NamedPort => ({ ...each, protocol: PROTOCOLS[each.protocol] })),
      interfaceIndex: FIRST_INTERFACE + id,
      mac: Uint8Array.of(2, 0, 0, 0, id >> 8, id & 0xff),
      gatewayMac: Uint8Array.of(6, 0, 0, 0, id >> 8, id & 0xff),
    };
    this.node.addEndpoint(facts);
    this.endpoints.set(name, facts);
  }

  private decide(probe: TestProbe, step: string): ProbeVerdict {
    const [from, to] = [this.end(probe.from), this.end(probe.to)];
    const port = this.portOf(probe, to);
    const { model } = this.node;
    const explanation = model.explain(
      model.partyAt(from.address),
      model.partyAt(to.address),
      PROTOCOLS[probe.protocol],
      probe.protocol === 'ICMP' ? ICMP_ECHO : port,
    );
    return { probe, step, seen: this.send(probe, from, to, port), explanation };
  }

  /** The packet that begins the flow, through the hook that would see it. */
  private send(probe: TestProbe, from: End, to: End, port: number): 'allow' | 'deny' {
    const owner = from.endpoint ?? to.endpoint;
    if (!owner) throw new PolicyTestError(`${probe.from} -> ${probe.to}: no end is an endpoint`);
    const [own, gateway] = [formatMac(owner.mac), formatMac(owner.gatewayMac)];
    const frame = makeFrame({
      sourceMac: from.endpoint ? own : gateway,
      destinationMac: from.endpoint ? gateway : own,
      source: formatAddress(from.address),
      destination: formatAddress(to.address),
      ...transportOf(probe.protocol, this.nextPort++, port),
    });
    const result = from.endpoint
      ? this.node.sendFrom(owner.id, frame)
      : this.node.sendTo(owner.id, frame);
    return result.verdict === 'forwarded' ? 'allow' : 'deny';
  }

  private end(name: string): End {
    const endpoint = this.endpoints.get(name);
    if (endpoint) return { endpoint, address: endpoint.ipv4! };
    const address = this.test.outside[name];
    if (address !== undefined) return { address: parseAddress(address) };
    const known = [...this.endpoints.keys(), ...Object.keys(this.test.outside)].join(', ');
    throw new PolicyTestError(`probe: '${name}' is none of ${known}`);
  }

  private portOf(probe: TestProbe, to: End): number {
    if (typeof probe.port === 'number') return probe.port;
    const named = to.endpoint?.namedPorts?.find((each) => each.name === probe.port);
    if (named) return named.port;
    throw new PolicyTestError(`probe: ${probe.to} has no port '${probe.port}'`);
  }
}

function transportOf(
  protocol: TestProbe['protocol'],
  sourcePort: number,
  destinationPort: number,
): object {
  switch (protocol) {
    case 'TCP':
      return { tcp: { sourcePort, destinationPort, flags: TcpFlag.SYN } };
    case 'UDP':
      return { udp: { sourcePort, destinationPort } };
    case 'SCTP': {
      const payload = new Uint8Array(12);
      const view = new DataView(payload.buffer);
      view.setUint16(0, sourcePort);
      view.setUint16(2, destinationPort);
      return { protocol: 132, payload };
    }
    case 'ICMP':
      return { icmp: { type: ICMP_ECHO, identifier: sourcePort } };
  }
}
