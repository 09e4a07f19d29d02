/** The largest program of the datapath, with the constants of a usual node. */
export const largestProgram = {
  name: 'skep_from_ep',
  loadTime: {
    jiffiesPerSecond: 250,
    hasRedirectPeer: 1,
    hasNetkit: 0,
    readsInOrder: 1,
    reportsForwarded: 1,
    isSuccessor: 0,
  },
} as const;
