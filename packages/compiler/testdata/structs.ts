import { array, be32, HashMap, Struct, u16, u32, u64, u8, XdpAction, type XdpContext } from '@skep/ebpf';
import { EthernetHeader, Ipv4Header } from './headers.ts';

export class Side extends Struct({ address: be32, port: u16 }) {}
export class Flow extends Struct({ one: Side, other: Side, protocol: u8, tags: array(u16, 3) }) {}
export class State extends Struct({ packets: u64, flow: Flow, mac: array(u8, 6) }) {}
export const flows = new HashMap({ name: 'flows', key: Flow, value: State, maxEntries: 16 });

/** Padding is written; nested literals, arrays and copies. */
export function track(ctx: XdpContext): XdpAction {
  const eth = ctx.at(EthernetHeader, 0);
  const ip = ctx.at(Ipv4Header, 14);
  if (!eth || !ip) return XdpAction.Drop;
  const side = new Side({ address: ip.source, port: 7 });
  const flow = new Flow({
    one: side,
    other: { address: ip.destination, port: 9 },
    protocol: ip.protocol,
    tags: [1, ip.identification, 3],
  });
  const state = flows.lookup(flow);
  if (state) {
    state.packets++;
    state.flow = flow;
    state.mac = eth.source;
    state.flow.other.port = state.flow.tags[1] + u16(state.mac.length);
    return XdpAction.Pass;
  }
  flows.update(flow, { packets: 1, flow, mac: eth.destination });
  return flows.delete({ one: side, other: side, protocol: 4, tags: [1, 2, 3] }) < 0 ? XdpAction.Drop : XdpAction.Pass;
}
export class Packed extends Struct({ kind: u8, address: be32, wide: u64, last: u16 }, { packed: true }) {}
export const packedMap = new HashMap({ name: 'packed', key: Packed, value: u32, maxEntries: 4 });

/** The kernel refuses misaligned stack accesses: they are split. */
export function packed(ctx: XdpContext): XdpAction {
  const key = new Packed({ kind: 1, address: ctx.length, wide: u64(0x0102030405060708n) });
  key.wide += u64(key.address);
  const cell = packedMap.lookup(key);
  if (cell) cell.value += 1;
  return key.last + key.kind;
}

export class Pair extends Struct({ left: u32, right: u32 }) {}

/** In a loop a struct is written when all of it is known: it may be made of its predecessor. */
export function exchange(ctx: XdpContext): XdpAction {
  const word = ctx.at(Word, 0);
  if (!word) return XdpAction.Drop;
  let pair = new Pair({ left: 1, right: 2 });
  for (let turn = 0; turn < 20; turn++) {
    if (turn >= word.value) break;
    pair = new Pair({ left: pair.right, right: pair.left + 10 });
  }
  return pair.left * 1000 + pair.right;
}
export class Word extends Struct({ value: u32 }) {}
