import { be32, HashMap, Struct, u16, u32, u64, XdpAction, type XdpContext } from '@skep/ebpf';
import { EthernetHeader, Ipv4Header } from './headers.ts';

export class Ipv6Header extends Struct({ head: be32, length: u16, upper: u64, lower: u64 }) {}
export class Key4 extends Struct({ address: be32 }) {}
export class Key6 extends Struct({ upper: u64, lower: u64 }) {}
export const peers4 = new HashMap({ name: 'peers4', key: Key4, value: u32, maxEntries: 8 });
export const peers6 = new HashMap({ name: 'peers6', key: Key6, value: u32, maxEntries: 8 });

export const ipv4 = { version: 4, header: Ipv4Header, size: Ipv4Header.size, flags: [1, 2] } as const;
export const ipv6 = { version: 6, header: Ipv6Header, size: Ipv6Header.size, flags: [4, 8] } as const;

/** Run by JavaScript. @compileTime */
export function address(text: string): number {
  return text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}
export const GATEWAY = address('10.0.0.1');

/** IPv4 and IPv6 from one source: what concerns the other family is not even lowered. */
function peer(ctx: XdpContext, family: typeof ipv4 | typeof ipv6): u32 {
  const header = ctx.at(family.header, 14);
  if (!header) return 0;
  let flags: u32 = 0;
  for (const flag of family.flags) flags |= flag;
  if (family.version === 4) {
    const ip = header as Ipv4Header;
    if (ip.source === GATEWAY || ip.source === address('10.0.0.2')) return 1;
    const found = peers4.lookup({ address: ip.source });
    return found ? found.value + flags : 2;
  }
  const ip = header as Ipv6Header;
  const found = peers6.lookup({ upper: ip.upper, lower: ip.lower });
  return found ? found.value + flags : 3;
}
export function families(ctx: XdpContext): XdpAction {
  const eth = ctx.at(EthernetHeader, 0);
  if (!eth) return XdpAction.Drop;
  if (eth.type === 0x0800) return peer(ctx, ipv4);
  return eth.type === 0x86dd ? peer(ctx, ipv6) : XdpAction.Drop;
}
