/** The question of `skep explain`, put to the node's model. */
import {
  documentKey,
  ICMP_TYPES,
  ICMPV6_TYPES,
  type Party,
  type PolicyDocument,
  PROTOCOLS_BY_NAME,
  type RuleReference,
  type SideExplanation,
} from '@skep/policy';
import { type Address, AddressError, parseAddress } from '@skep/wire';
import { HOST, isCalled, qualifiedName } from './model/endpoint-facts.ts';
import type { NodeModel } from './model/node-model.ts';
import type { ExplainRequest, ExplainSideView, ExplainView } from './views.ts';

/** An end or a port that means nothing here. */
export class ExplainError extends Error {
  readonly code = 'ERR_EXPLAIN';
}

/** @throws ExplainError when an end or the port is not known, or the ends share no family */
export function explainFlow(model: NodeModel, request: ExplainRequest): ExplainView {
  const [from, to] = partiesOf(model, request);
  const port = portOf(to, request);
  if (from.subject && from.name === to.name) return allowToItself(from);
  const { verdict, egress, ingress } = model.explain(
    from,
    to,
    PROTOCOLS_BY_NAME[request.protocol],
    port,
  );
  return {
    verdict,
    ...(egress && { egress: sideView(model, egress) }),
    ...(ingress && { ingress: sideView(model, ingress) }),
  };
}

/** It goes over the loopback device, which no program sees. */
function allowToItself({ name }: Party): ExplainView {
  const who = name === HOST ? 'the node' : 'an endpoint';
  return { verdict: 'allow', text: `${who} always reaches itself; no policy is asked` };
}

/** Both ends over one family: IPv4 where both have it and the protocol is of both families. */
function partiesOf(model: NodeModel, request: ExplainRequest): [Party, Party] {
  const [from, to] = [addressesOf(model, request.from), addressesOf(model, request.to)];
  for (const family of FAMILIES[request.protocol] ?? [4, 6]) {
    const isOfIt = (address: Address): boolean => address.family === family;
    const [source, destination] = [from.find(isOfIt), to.find(isOfIt)];
    if (source && destination) return [model.partyAt(source), model.partyAt(destination)];
  }
  const found = [from, to].map((each) => each.map(({ family }) => `IPv${family}`).join(' and '));
  throw new ExplainError(
    `explain '${request.from}' to '${request.to}': found ${found[0]} and ${found[1]}, ` +
      `expected a family that both have, and that ${request.protocol} is of`,
  );
}

const FAMILIES: Readonly<Partial<Record<ExplainRequest['protocol'], readonly (4 | 6)[]>>> = {
  ICMP: [4],
  ICMPv6: [6],
};

/** Of an endpoint by its name, of the node, or the one that is written. */
function addressesOf(model: NodeModel, text: string): Address[] {
  if (text === HOST) return hostAddresses(model);
  if (text === 'world') return ANYWHERE;
  if (text.startsWith('world:')) return [outside(model, text.slice('world:'.length))];
  const named = model.list().filter((each) => isCalled(qualifiedName(each), text));
  if (named.length > 1) {
    const names = named.map(qualifiedName).join(', ');
    throw new ExplainError(`explain '${text}': several endpoints are called so: ${names}`);
  }
  const [endpoint] = named;
  if (endpoint) return [endpoint.ipv4, endpoint.ipv6].filter((each) => each !== undefined);
  try {
    return [parseAddress(text)];
  } catch (error) {
    if (!(error instanceof AddressError)) throw error;
    throw new ExplainError(
      `explain '${text}': expected an endpoint (namespace/name) or an address ` +
        '(see `skep endpoint list`), host, world, or world:ADDRESS',
    );
  }
}

/** Addresses that no rule names: `0.0.0.0` and `::` are nobody's. */
const ANYWHERE: Address[] = ['0.0.0.0', '::'].map(parseAddress);

/** As links have them. */
function hostAddresses(model: NodeModel): Address[] {
  const own = model.policy.peer(HOST)?.prefixes ?? [];
  return own.map(({ address }) => address);
}

/** Who says `world` wants to hear about the world. */
function outside(model: NodeModel, text: string): Address {
  const [address] = addressesOf(model, text);
  const owner = model.partyAt(address!);
  if (!owner.facts.isManaged) return address!;
  throw new ExplainError(`explain 'world:${text}': that address is of ${owner.name}`);
}

function portOf(to: Party, { port, protocol }: ExplainRequest): number {
  if (protocol === 'ICMP' || protocol === 'ICMPv6') return icmpTypeOf(protocol, port);
  if (port === undefined) {
    throw new ExplainError(`explain ${protocol}: found no port, expected a number or a name`);
  }
  if (/^\d{1,5}$/.test(port) && Number(port) <= 65535) return Number(port);
  const own = (to.facts.namedPorts ?? []).filter(
    (each) => each.protocol === PROTOCOLS_BY_NAME[protocol],
  );
  const named = own.find((each) => each.name === port);
  if (named) return named.port;
  const names = own.map((each) => each.name).join(', ') || `no ${protocol} port`;
  const expected = `expected a number from 0 to 65535, or a name; ${to.name} names ${names}`;
  throw new ExplainError(`explain port '${port}': ${expected}`);
}

/** An echo request where no type is asked for. */
function icmpTypeOf(protocol: 'ICMP' | 'ICMPv6', type = 'EchoRequest'): number {
  if (/^\d{1,3}$/.test(type) && Number(type) <= 255) return Number(type);
  const types = protocol === 'ICMP' ? ICMP_TYPES : ICMPV6_TYPES;
  if (Object.hasOwn(types, type)) return types[type]!;
  const expected = `0 to 255, or one of ${Object.keys(types).join(', ')}`;
  throw new ExplainError(`explain ${protocol} type '${type}': expected ${expected}`);
}

function sideView(model: NodeModel, side: SideExplanation): ExplainSideView {
  const { verdict, text, wouldChange } = side;
  const rules = side.rules.map(describeReference);
  const unreadable = verdict === 'deny' ? unreadableOf(model, side) : [];
  if (unreadable.length === 0) return { verdict, text, wouldChange, rules };
  const found = unreadable.map(
    (each) => `policy ${documentKey(each)} cannot be read any more: ${each.unreadable}`,
  );
  const advice = unreadable
    .map(documentKey)
    .map((key) => `apply ${key} anew, or \`skep policy delete ${key}\``);
  return { verdict, text: [text, ...found].join('; '), wouldChange: advice, rules };
}

/** What denies for want of what it says, not by it. */
function unreadableOf({ policy }: NodeModel, { enforcedBy }: SideExplanation): PolicyDocument[] {
  return policy
    .documents()
    .filter(({ unreadable }) => unreadable !== undefined)
    .filter(({ ruleSets }) => ruleSets.some(({ name }) => enforcedBy.includes(name)));
}

function describeReference({ name, position }: RuleReference): string {
  return `${name} (${position.file}:${position.line})`;
}
