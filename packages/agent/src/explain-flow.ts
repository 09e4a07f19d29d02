/** The question of `skep explain`, put to the node's model. */
import { type Party, PolicyProtocol, type RuleReference, type SideExplanation } from '@skep/policy';
import { AddressError, parseAddress } from '@skep/wire';
import { type KnownEndpoint, qualifiedName } from './model/endpoint-facts.ts';
import type { NodeModel } from './model/node-model.ts';
import type { ExplainRequest, ExplainSideView, ExplainView } from './views.ts';

const PROTOCOLS = {
  TCP: PolicyProtocol.Tcp,
  UDP: PolicyProtocol.Udp,
  SCTP: PolicyProtocol.Sctp,
  ICMP: PolicyProtocol.Icmp,
  ICMPv6: PolicyProtocol.Icmpv6,
} as const;

/** An end or a port that means nothing here. */
export class ExplainError extends Error {
  readonly code = 'ERR_EXPLAIN';
}

/** @throws ExplainError when an end or the port is not known */
export function explainFlow(model: NodeModel, request: ExplainRequest): ExplainView {
  const [from, to] = [partyOf(model, request.from), partyOf(model, request.to)];
  const port = portOf(to, request);
  const { verdict, egress, ingress } = model.explain(from, to, PROTOCOLS[request.protocol], port);
  return {
    verdict,
    ...(egress && { egress: sideView(egress) }),
    ...(ingress && { ingress: sideView(ingress) }),
  };
}

function partyOf(model: NodeModel, text: string): Party {
  const named = model.list().filter((each) => isCalled(each, text));
  if (named.length > 1) {
    const names = named.map(qualifiedName).join(', ');
    throw new ExplainError(`explain '${text}': several endpoints are called so: ${names}`);
  }
  const address = named[0] ? (named[0].ipv4 ?? named[0].ipv6) : undefined;
  try {
    return model.partyAt(address ?? parseAddress(text));
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    throw new ExplainError(
      `explain '${text}': expected an endpoint (namespace/name) or an address`,
    );
  }
}

/** By its whole name, or by the last part alone. */
export function isCalled(endpoint: KnownEndpoint, text: string): boolean {
  return text === endpoint.name || text === qualifiedName(endpoint);
}

function portOf(to: Party, { port, protocol }: ExplainRequest): number {
  if (/^\d{1,5}$/.test(port) && Number(port) <= 65535) return Number(port);
  const named = to.facts.namedPorts?.find(
    (each) => each.name === port && each.protocol === PROTOCOLS[protocol],
  );
  if (named) return named.port;
  throw new ExplainError(`explain port '${port}': ${to.name} has no ${protocol} port of this name`);
}

function sideView({ verdict, text, rules, wouldChange }: SideExplanation): ExplainSideView {
  return { verdict, text, wouldChange, rules: rules.map(describeReference) };
}

function describeReference({ name, position }: RuleReference): string {
  return `${name} (${position.file}:${position.line})`;
}
