/**
 * What nftables does with packets that a node sends on, as far as it can be told rule by rule:
 * chains of the hook `forward`, and which of their rules name an interface. iptables is seen where
 * it is `iptables-nft`; tables of `iptables-legacy` are not nftables.
 */
import { NETLINK } from './abi.ts';
import { AttributeSet, readAttributes, viewOf } from './attributes.ts';
import { Exchange } from './exchange.ts';
import { type Message, Request, readStructure } from './message.ts';
import {
  NF_INET,
  NF_VERDICT,
  NFNL_SUBSYS,
  NFPROTO,
  NFT_CMP,
  NFT_META,
  NFT_MSG,
  NFTA,
} from './netfilter-abi.ts';
import { type NamespaceReference, NetlinkSocket } from './socket.ts';

/** A table, as `nft` names it. */
export interface NetfilterTable {
  readonly family: 'inet' | 'ip' | 'ip6';
  readonly table: string;
}

/** A base chain, by which packets that the node sends on have to go. */
export interface ForwardChain extends NetfilterTable {
  readonly chain: string;
  /** What becomes of packets that no rule decides. */
  readonly policy: 'accept' | 'drop';
}

/** What a rule does with a packet that passes its conditions. */
export type RuleVerdict = 'accept' | 'drop' | 'jump' | 'none';

/** What can be told of a rule without deciding anything. */
export interface NetfilterRule {
  /** Which chain of its table it is in. */
  readonly chain: string;
  /** The name of the link that packets come by; ends with `*` where only the beginning counts. */
  readonly input?: string;
  /** As `input`, of the link that packets go by. */
  readonly output?: string;
  /** Whether every packet passes. */
  readonly isUnconditional: boolean;
  /** `drop` with and without an answer to the sender; `jump` and `goto` to other chains. */
  readonly verdict: RuleVerdict;
  /** The chain that a `jump` leads to. */
  readonly target?: string;
}

const FAMILIES: Readonly<Record<number, NetfilterTable['family']>> = {
  [NFPROTO.INET]: 'inet',
  [NFPROTO.IPV4]: 'ip',
  [NFPROTO.IPV6]: 'ip6',
};

/** Bytes of `struct nfgenmsg`: family, version, resource. */
const HEADER_LENGTH = 4;

/** Reads nftables of one namespace, and changes nothing. */
export class Netfilter {
  readonly #socket: NetlinkSocket;
  readonly #exchange: Exchange;

  /** @throws KernelError `EPROTONOSUPPORT` where the kernel has no netfilter */
  constructor(namespace: NamespaceReference) {
    this.#socket = new NetlinkSocket(namespace, [], NETLINK.NETFILTER);
    this.#exchange = new Exchange(this.#socket);
  }

  close(): void {
    this.#socket.close();
  }

  /** Base chains of IP at the hook `forward`. @throws NetlinkError `EINVAL` without nftables */
  forwardChains(): ForwardChain[] {
    const intent = { operation: 'list chains', subject: 'nftables' };
    const messages = this.#exchange.dump(question(NFT_MSG.GETCHAIN, NFPROTO.UNSPEC), intent);
    return messages.flatMap((message) => readForwardChain(message) ?? []);
  }

  /**
   * The rules of a chain, first to last, or of all chains of a table.
   *
   * @returns none where it is gone. @throws NetlinkError
   */
  rules({ family, table }: NetfilterTable, chain?: string): NetfilterRule[] {
    const intent = { operation: 'list rules', subject: `${family} ${table} ${chain ?? ''}`.trim() };
    const [number] = Object.entries(FAMILIES).find(([, name]) => name === family)!;
    const request = question(NFT_MSG.GETRULE, Number(number));
    request.attributes.text(NFTA.RULE.TABLE, table);
    if (chain !== undefined) request.attributes.text(NFTA.RULE.CHAIN, chain);
    return this.#exchange.dump(request, intent).map(readRule);
  }
}

function question(type: number, family: number): Request {
  return new Request((NFNL_SUBSYS.NFTABLES << 8) | type, 0, Uint8Array.of(family, 0, 0, 0));
}

function readForwardChain(message: Message): ForwardChain | undefined {
  const { view, attributes } = readStructure(message, HEADER_LENGTH, 'NFT_MSG_NEWCHAIN');
  const family = FAMILIES[view.getUint8(0)];
  const hook = attributes.nest(NFTA.CHAIN.HOOK)?.be32(NFTA.HOOK.HOOKNUM);
  if (!family || hook !== NF_INET.FORWARD) return undefined;
  const table = attributes.text(NFTA.CHAIN.TABLE) ?? '';
  const chain = attributes.text(NFTA.CHAIN.NAME) ?? '';
  const isDrop = attributes.be32(NFTA.CHAIN.POLICY) === NF_VERDICT.DROP;
  return { family, table, chain, policy: isDrop ? 'drop' : 'accept' };
}

/** One step of a rule. */
interface Expression {
  readonly name: string;
  readonly data: AttributeSet | undefined;
}

function readRule(message: Message): NetfilterRule {
  const subject = 'NFT_MSG_NEWRULE';
  const { attributes } = readStructure(message, HEADER_LENGTH, subject);
  const list = attributes.blob(NFTA.RULE.EXPRESSIONS) ?? new Uint8Array(0);
  const expressions = readAttributes(list, subject).map(({ value }): Expression => {
    const expression = new AttributeSet(value, `expression of ${subject}`);
    return {
      name: expression.text(NFTA.EXPR.NAME) ?? '',
      data: expression.nest(NFTA.EXPR.DATA),
    };
  });
  const target = expressions.map(targetOf).find((chain) => chain !== undefined);
  return {
    chain: attributes.text(NFTA.RULE.CHAIN) ?? '',
    ...readLinkNames(expressions),
    isUnconditional: expressions.every((each) => passesAll(each) || verdictOf(each) !== 'none'),
    verdict: expressions.map(verdictOf).find((verdict) => verdict !== 'none') ?? 'none',
    ...(target !== undefined && { target }),
  };
}

/** Of a {@link NetfilterRule}. */
interface LinkNames {
  input?: string;
  output?: string;
}

/** What each `cmp` says of what the last `meta` before it has read. */
function readLinkNames(expressions: readonly Expression[]): LinkNames {
  const names: LinkNames = {};
  const read = new Map<number, number | undefined>();
  for (const { name, data } of expressions) {
    if (name === 'meta') read.set(data?.be32(NFTA.META.DREG) ?? 0, data?.be32(NFTA.META.KEY));
    if (name !== 'cmp' || data?.be32(NFTA.CMP.OP) !== NFT_CMP.EQ) continue;
    const key = read.get(data.be32(NFTA.CMP.SREG) ?? 0);
    const value = data.nest(NFTA.CMP.DATA)?.blob(NFTA.DATA.VALUE);
    if (!value) continue;
    if (key === NFT_META.IIFNAME) names.input = readPattern(value);
    if (key === NFT_META.OIFNAME) names.output = readPattern(value);
  }
  return names;
}

/** A name that is compared without its end may go on. */
function readPattern(value: Uint8Array): string {
  const end = value.indexOf(0);
  const text = new TextDecoder().decode(end < 0 ? value : value.subarray(0, end));
  return end < 0 ? `${text}*` : text;
}

function passesAll({ name, data }: Expression): boolean {
  if (name === 'match') return data?.text(NFTA.COMPAT.NAME) === 'comment';
  return name === 'counter' || name === 'log';
}

function immediateVerdict(data: AttributeSet | undefined): AttributeSet | undefined {
  return data?.nest(NFTA.IMMEDIATE.DATA)?.nest(NFTA.DATA.VERDICT);
}

function targetOf({ name, data }: Expression): string | undefined {
  return name === 'immediate' ? immediateVerdict(data)?.text(NFTA.VERDICT.CHAIN) : undefined;
}

function verdictOf({ name, data }: Expression): RuleVerdict {
  if (name === 'reject') return 'drop';
  if (name === 'target') return data?.text(NFTA.COMPAT.NAME) === 'REJECT' ? 'drop' : 'none';
  if (name !== 'immediate') return 'none';
  const code = immediateVerdict(data)?.blob(NFTA.VERDICT.CODE);
  return code ? (VERDICTS[viewOf(code).getInt32(0)] ?? 'none') : 'none';
}

const VERDICTS: Readonly<Record<number, RuleVerdict>> = {
  [NF_VERDICT.ACCEPT]: 'accept',
  [NF_VERDICT.DROP]: 'drop',
  [NF_VERDICT.JUMP]: 'jump',
  [NF_VERDICT.GOTO]: 'jump',
};
