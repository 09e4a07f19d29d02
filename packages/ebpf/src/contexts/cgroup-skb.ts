/**
 * Control groups, packets: those that sockets of the group's processes receive or send, from the
 * IP header on.
 *
 * @source cgroup_skb_is_valid_access, net/core/filter.c
 */
import { PacketContext, writable } from './context.ts';
import { skbAddresses, skbFields, skbPacket, skbScratch, skbSocket, skbTimestamp } from './skb.ts';

const members = {
  ...skbFields,
  ...skbScratch,
  ...skbAddresses,
  mark: writable(8),
  priority: writable(32),
  timestamp: skbTimestamp,
  socket: skbSocket,
} as const;

/** A packet that a socket of the group is about to receive. @since Linux 4.10 */
export abstract class CgroupIngressContext extends PacketContext(
  'cgroupIngress',
  skbPacket,
  members,
) {}
/** A packet that a socket of the group sends. @since Linux 4.10 */
export abstract class CgroupEgressContext extends PacketContext(
  'cgroupEgress',
  skbPacket,
  members,
) {}
