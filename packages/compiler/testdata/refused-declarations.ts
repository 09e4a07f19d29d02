import { HashMap, Struct, u32, XdpAction, type XdpContext } from '@skep/ebpf';

export class Bad extends Struct({ name: String, count: u32 }) {}
export const bad = new HashMap({ name: 'bad', key: u32, value: Bad, maxEntries: 4 });
const limit: number = 'many';

export function declared(ctx: XdpContext): XdpAction {
  const entry = bad.lookup(1);
  if (!entry) return XdpAction.Drop;
  entry.count = 3;
  return XdpAction.Pass;
}
/** Not a program, and wrong for tsc all the same. */
function unused(): u32 {
  return 'text';
}
