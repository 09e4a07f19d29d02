export * from './array-memory.ts';
export { deleteBatch, updateBatch } from './batch.ts';
export * from './cgroup.ts';
export * from './cpus.ts';
export { findFunction, SymbolError } from './elf-symbols.ts';
export * from './errors.ts';
export {
  type Feature,
  explainMissing,
  featureSince,
  hasFeature,
  hasHelper,
  hasMapKind,
  hasProgramType,
  hasTcx,
  requireFeature,
} from './features.ts';
export {
  type MapInfo,
  type ProgramInfo,
  readMapInfo,
  readProgramCode,
  readProgramInfo,
} from './info.ts';
export * from './iterator.ts';
export {
  Link,
  type LinkInfo,
  type LinkTarget,
  listLinks,
  openLinkById,
  openPinnedLink,
  type TcDirection,
} from './link.ts';
export * from './map.ts';
export * from './netkit.ts';
export * from './open-map.ts';
export * from './permission.ts';
export * from './pin.ts';
export * from './code-target.ts';
export * from './kernel-functions.ts';
export * from './program.ts';
export * from './program-array.ts';
export type { ProgramOrder } from './program-order.ts';
export * from './program-list.ts';
export * from './raw-map.ts';
export * from './queue.ts';
export * from './ring-buffer.ts';
export { isPerCpu, mapKind, mapType } from './shape.ts';
export * from './socket-attach.ts';
export * from './socket-lookup.ts';
export * from './socket-map.ts';
export * from './socket-map-attach.ts';
export * from './table.ts';
export * from './tcx.ts';
export type { TcTestContext, XdpTestContext } from './run-context.ts';
export * from './packet-run.ts';
export * from './tracing.ts';
export * from './traffic-control.ts';
export * from './verifier-error.ts';
export type { LogSummary } from './verifier-log.ts';
export * from './xdp.ts';
