import { be32, HashMap, Struct, u16, u32, u8, XdpAction, type XdpContext } from '@skep/ebpf';

export class Key extends Struct({ address: be32, port: u16 }) {}
export const table = new HashMap({ name: 'table', key: Key, value: u32, maxEntries: 4 });

/** These are tsc's own errors. */
export function types(ctx: XdpContext): XdpAction {
  const missing = table.lookup({ address: 3 });
  const misspelt = table.lookup({ adress: 3, port: 4 });
  const small: u8 = u32(ctx.length);
  return 9;
}
