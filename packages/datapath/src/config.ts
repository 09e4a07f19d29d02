/** What the agent binds when it loads a program. */
import { be32, bool, loadTime, u16, u32, u64 } from '@skep/ebpf';

/** Of every program. */
export const node = loadTime({
  /** Ticks of `jiffies` in a second. */
  jiffiesPerSecond: u32,
  /** 1: hand packets to local endpoints without the node's stack. */
  hasRedirectPeer: bool,
  /** 1: report traffic that is allowed, too. */
  reportsForwarded: bool,
});

/** Of the programs of one endpoint. MAC addresses are two numbers: the first 4 bytes, the last 2. */
export const self = loadTime({
  endpoint: u16,
  macHead: be32,
  macTail: u16,
  gatewayMacHead: be32,
  gatewayMacTail: u16,
  /** Its addresses as they lie in memory, IPv4 mapped; 0 and 0 where it has none. */
  address4Upper: u64,
  address4Lower: u64,
  address6Upper: u64,
  address6Lower: u64,
});
