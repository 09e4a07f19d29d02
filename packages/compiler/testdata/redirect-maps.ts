import {
  Broadcast,
  CpuMap,
  cpuNumber,
  DeviceHash,
  DeviceMap,
  XdpAction,
  XskMap,
  type XdpContext,
} from '@skep/ebpf';

export const ports = new DeviceMap({ name: 'ports', maxEntries: 8 });
export const uplinks = new DeviceHash({ name: 'uplinks', maxEntries: 8 });
export const cpus = new CpuMap({ name: 'cpus', maxEntries: 2 });
export const sockets = new XskMap({ name: 'sockets', maxEntries: 4 });

export function forward(ctx: XdpContext): XdpAction {
  if (ctx.length > 1500) return uplinks.broadcast(Broadcast.ExcludeIngress);
  if (ctx.length === 60) return uplinks.redirect(ctx.ingressIfindex);
  return ports.redirect(ctx.rxQueueIndex, XdpAction.Pass);
}
export function spread(_ctx: XdpContext): XdpAction {
  return cpus.redirect(cpuNumber() ^ 1, XdpAction.Drop);
}
export function toSocket(ctx: XdpContext): XdpAction {
  return sockets.redirect(ctx.rxQueueIndex, XdpAction.Pass);
}
