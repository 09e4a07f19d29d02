/** What the agent binds when it loads the programs of a node. */
import { bool, loadTime, u32 } from '@skep/ebpf';

/** Constants of a node, the same in all of its programs. */
export const node = loadTime({
  /** Ticks of `jiffies` in a second. */
  jiffiesPerSecond: u32,
  /** 1: hand packets to local endpoints without the node's stack. */
  hasRedirectPeer: bool,
  /** 1: there are endpoints behind netkit devices. */
  hasNetkit: bool,
  /** 1: the processor reads memory in the order of the program, as x86 does. */
  readsInOrder: bool,
  /** 1: report traffic that is allowed, too. */
  reportsForwarded: bool,
  /** 1 at uplinks: endpoints reach the world under the node's address. */
  masquerades: bool,
  /** 1 at uplinks: policies about the node decide what it sends and gets. */
  guardsHost: bool,
  /** 1 at uplinks in an upgrade of masquerade: the program before knows flows that are not here. */
  recallsFormer: bool,
  /** 1 in an upgrade: programs of the layout before are there, and may still have the last word. */
  isSuccessor: bool,
});
