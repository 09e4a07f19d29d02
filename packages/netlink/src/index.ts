export {
  Addresses,
  type AssignedAddress,
  type LinkAddress,
  type NewLinkAddress,
} from './addresses.ts';
export type { Link, LinkReference, LinkStatistics, OperationalState } from './link.ts';
export type {
  NetkitPolicy,
  NewEnd,
  NewLink,
  NewNetkit,
  NewPeer,
  NewVeth,
  NewVxlan,
} from './link-kinds.ts';
export { type LinkChanges, Links } from './links.ts';
export { Monitor, type NetworkEvent, type Topic } from './monitor.ts';
export * from './namespaces.ts';
export {
  type KnownNeighbour,
  type NeighbourKey,
  Neighbours,
  type PermanentNeighbour,
} from './neighbours.ts';
export {
  type ForwardChain,
  Netfilter,
  type NetfilterRule,
  type NetfilterTable,
  type RuleVerdict,
} from './netfilter.ts';
export * from './netlink-error.ts';
export { Network } from './network.ts';
export {
  type InstalledRoute,
  type Route,
  type RouteFilter,
  type RouteScope,
  Routes,
  type RouteType,
} from './routes.ts';
export { type Rule, Rules } from './rules.ts';
export { type LinkSetting, SettingError, Settings } from './settings.ts';
export type { NamespaceReference } from './socket.ts';
export {
  type FilterDirection,
  type FilterKey,
  type InstalledFilter,
  type NewFilter,
  TrafficControl,
} from './traffic-control.ts';
