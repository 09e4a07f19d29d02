/** Which tests touch the kernel, and of those which run on every kernel. */

/**
 * Parts of test names. Emulation is slow: what is not named here proves the same on one kernel as
 * on another, or is the same code as something that is named, at length. Examples compile
 * themselves, which takes minutes there: that their programs load is seen with all others.
 */
export const kernelTests: readonly string[] = [
  'packages/sys/kernel.live',
  'packages/bpf/',
  'packages/netlink/',
  'packages/datapath/packets.kernel',
  'packages/agent/agent.live',
];
