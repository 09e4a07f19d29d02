/**
 * The same lab without a kernel: its probes are packets, its programs the same bytecode, run on the
 * machine. What a lab falls back to where BPF is not permitted.
 */
import { resolve } from 'node:path';
import { type EndpointFacts, SimulatedNode } from '@skep/agent';
import { describeDropReason } from '@skep/contract';
import { type NamedPort, PolicyProtocol, parsePolicies } from '@skep/policy';
import { formatMac, makeFrame, parseAddress, TcpFlag } from '@skep/wire';
import type { LabEndpoint, LabSpec } from './lab-file.ts';
import { type ProbeResult, type ResolvedProbe, resolveProbes } from './probe.ts';
import { readText } from './read-text.ts';

const CLIENT_PORT = 40_000;
/** Interface indexes mean nothing here, but each endpoint must have one of its own. */
const FIRST_INTERFACE = 100;

/** Decides all probes of a lab. @throws PolicyDocumentError */
export function simulateLab(lab: LabSpec, baseDirectory: string): ProbeResult[] {
  const node = new SimulatedNode();
  const facts = lab.endpoints.map((endpoint, index) => factsOf(lab, endpoint, index + 1));
  for (const each of facts) node.addEndpoint(each);
  for (const file of lab.policies) {
    const text = readText(resolve(baseDirectory, file));
    node.model.applyDocuments(parsePolicies(text, { file }));
  }
  return resolveProbes(lab).map((probe, index) => decide(node, facts, probe, CLIENT_PORT + index));
}

function decide(
  node: SimulatedNode,
  facts: readonly EndpointFacts[],
  probe: ResolvedProbe,
  sourcePort: number,
): ProbeResult {
  const source = facts.find((each) => each.name === probe.from)!;
  const destinationPort = probe.server.port;
  const transport =
    probe.server.protocol === 'TCP'
      ? { tcp: { sourcePort, destinationPort, flags: TcpFlag.SYN } }
      : { udp: { sourcePort, destinationPort } };
  const frame = makeFrame({
    sourceMac: formatMac(source.mac),
    destinationMac: formatMac(source.gatewayMac),
    source: probe.sourceAddress,
    destination: probe.targetAddress,
    ...transport,
  });
  const result = node.sendFrom(source.id, frame);
  if (result.verdict === 'forwarded') return { ...probe, seen: 'allowed', detail: 'delivered' };
  const reason = result.reason === undefined ? '' : describeDropReason(result.reason).name;
  return { ...probe, seen: 'dropped', detail: reason };
}

function factsOf(lab: LabSpec, endpoint: LabEndpoint, id: number): EndpointFacts {
  const { name, namespace, labels, ipv4, ipv6, serves } = endpoint;
  const mac = (kind: number): Uint8Array => Uint8Array.of(kind, 0, 0, 0, id >> 8, id & 0xff);
  return {
    id,
    name,
    namespace,
    labels,
    namespaceLabels: lab.namespaces[namespace] ?? {},
    ...(ipv4 === undefined ? {} : { ipv4: parseAddress(ipv4) }),
    ...(ipv6 === undefined ? {} : { ipv6: parseAddress(ipv6) }),
    namedPorts: serves.map((server): NamedPort => {
      const isTcp = server.protocol === 'TCP';
      const protocol = isTcp ? PolicyProtocol.Tcp : PolicyProtocol.Udp;
      return { name: server.name, protocol, port: server.port };
    }),
    interfaceIndex: FIRST_INTERFACE + id,
    mac: mac(0x02),
    gatewayMac: mac(0x06),
  };
}
