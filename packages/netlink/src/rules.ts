/** Rules: which route table a packet is looked up in. */
import type { Prefix } from '@skep/wire';
import { FR_ACT, FRA, NLM_F, RT_TABLE, RTM } from './abi.ts';
import type { AttributeWriter } from './attributes.ts';
import type { Exchange } from './exchange.ts';
import { familyNumber, familyOf, readAddress } from './family.ts';
import { type Message, Request, readStructure } from './message.ts';

/**
 * Packets that pass all conditions are looked up in the table; where it has no route, on it goes.
 */
export interface Rule {
  readonly family: 4 | 6;
  /** Lower numbers come first. The kernel's own are 0, 32766 and 32767. */
  readonly priority: number;
  readonly table: number;
  /** Prefix that the packet's source lies in. */
  readonly from?: Prefix;
  /** Prefix that the packet's destination lies in. */
  readonly to?: Prefix;
  /** Value of the packet's mark where `markMask` has ones. */
  readonly mark?: number;
  /** All 32 bits where absent. */
  readonly markMask?: number;
  /** Name of the link that the packet came by; `lo` for packets of this node. */
  readonly inputLink?: string;
}

/** Bytes of `struct fib_rule_hdr`. */
const HEADER_LENGTH = 12;

/** Reads and changes the rules of the namespace that the socket was opened in. */
export class Rules {
  readonly #exchange: Exchange;

  constructor(exchange: Exchange) {
    this.#exchange = exchange;
  }

  /** Rules that look up tables, in the order they are tried. @throws NetlinkError */
  list(family: 4 | 6): Rule[] {
    const header = new Uint8Array(HEADER_LENGTH);
    header[0] = familyNumber(family);
    const intent = { operation: 'list rules', subject: `IPv${family}` };
    const messages = this.#exchange.dump(new Request(RTM.GETRULE, 0, header), intent);
    const rules = messages.flatMap((message) => readRule(message) ?? []);
    return rules.sort((left, right) => left.priority - right.priority);
  }

  /** @throws NetlinkError `EEXIST` where the same rule is there. */
  add(rule: Rule): void {
    this.#change('add rule', RTM.NEWRULE, NLM_F.CREATE | NLM_F.EXCL, rule);
  }

  /** Deletes the rule with all these properties. @throws NetlinkError `ENOENT` where none is. */
  delete(rule: Rule): void {
    this.#change('delete rule', RTM.DELRULE, 0, rule);
  }

  #change(operation: string, type: number, flags: number, rule: Rule): void {
    const request = new Request(type, flags, ruleHeader(rule));
    writeRule(request.attributes, rule);
    const subject = `IPv${rule.family} priority ${rule.priority} table ${rule.table}`;
    this.#exchange.request(request, { operation, subject });
  }
}

/** @source struct fib_rule_hdr, include/uapi/linux/fib_rules.h */
function ruleHeader(rule: Rule): Uint8Array {
  const header = new Uint8Array(HEADER_LENGTH);
  header[0] = familyNumber(rule.family);
  header[1] = rule.to?.length ?? 0;
  header[2] = rule.from?.length ?? 0;
  header[4] = rule.table < 256 ? rule.table : RT_TABLE.UNSPEC;
  header[7] = FR_ACT.TO_TBL;
  return header;
}

function writeRule(to: AttributeWriter, rule: Rule): void {
  to.u32(FRA.PRIORITY, rule.priority).u32(FRA.TABLE, rule.table);
  if (rule.to) to.blob(FRA.DST, rule.to.address.bytes);
  if (rule.from) to.blob(FRA.SRC, rule.from.address.bytes);
  if (rule.mark !== undefined) to.u32(FRA.FWMARK, rule.mark);
  if (rule.markMask !== undefined) to.u32(FRA.FWMASK, rule.markMask);
  if (rule.inputLink !== undefined) to.text(FRA.IIFNAME, rule.inputLink);
}

/**
 * Reads `RTM_NEWRULE`.
 *
 * @returns undefined for rules that do something other than look up a table.
 * @throws MalformedMessageError
 */
function readRule(message: Message): Rule | undefined {
  const subject = 'RTM_NEWRULE';
  const { view, attributes } = readStructure(message, HEADER_LENGTH, subject);
  const family = familyOf(view.getUint8(0));
  if (!family || view.getUint8(7) !== FR_ACT.TO_TBL) return undefined;
  const to = readAddress(attributes.blob(FRA.DST), view.getUint8(0), subject);
  const from = readAddress(attributes.blob(FRA.SRC), view.getUint8(0), subject);
  const mark = attributes.u32(FRA.FWMARK);
  const markMask = attributes.u32(FRA.FWMASK);
  const inputLink = attributes.text(FRA.IIFNAME);
  return {
    family,
    priority: attributes.u32(FRA.PRIORITY) ?? 0,
    table: attributes.u32(FRA.TABLE) ?? view.getUint8(4),
    ...(to && { to: { address: to, length: view.getUint8(1) } }),
    ...(from && { from: { address: from, length: view.getUint8(2) } }),
    ...(mark !== undefined && { mark }),
    ...(markMask !== undefined && { markMask }),
    ...(inputLink !== undefined && { inputLink }),
  };
}
