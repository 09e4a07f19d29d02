/** What the datapath uses of a kernel that has it, as data: a test can say no. */
import { hasFeature, hasTcx, type TcMechanism } from '@skep/bpf';

/** The ways that depend on the kernel. */
export interface KernelFeatures {
  /** How programs are attached: by TCX links, or by `cls_bpf` filters (kernels before 6.6). */
  readonly mechanism: TcMechanism;
  /** Whether a packet goes straight into its endpoint's namespace (kernels from 5.10). */
  readonly hasRedirectPeer: boolean;
  /** Whether there are netkit devices (kernels from 6.7). Default: no. */
  readonly hasNetkit?: boolean;
}

/** What this kernel has, found by trying. @throws InconclusiveProbeError */
export function probeKernelFeatures(): KernelFeatures {
  return {
    mechanism: hasTcx() ? 'tcx' : 'clsact',
    hasRedirectPeer: hasFeature('redirect to peer'),
    hasNetkit: hasFeature('netkit'),
  };
}
