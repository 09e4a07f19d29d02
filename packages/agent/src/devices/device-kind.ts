/** What connects an endpoint to its node. */
import { featureSince, UnsupportedFeatureError } from '@skep/bpf';

/** A pair of devices, one end in the endpoint's namespace, the other in the node's. */
export type DeviceKind = 'veth' | 'netkit';

/** What the agent is told to make; `auto`: what is better where the kernel has both. */
export type DeviceChoice = 'auto' | DeviceKind;

/** All choices. */
export const DEVICE_CHOICES: readonly DeviceChoice[] = ['auto', 'veth', 'netkit'];

/** A kind of device that this kernel has not. */
export class DeviceKindError extends Error {
  readonly code = 'ERR_DEVICE_KIND';
}

/**
 * What new endpoints get.
 *
 * @param hasNetkit whether the kernel has netkit devices, found by trying
 * @throws DeviceKindError for a kind that the kernel has not
 */
export function chooseDeviceKind(choice: DeviceChoice, hasNetkit: boolean): DeviceKind {
  if (choice === 'netkit' && !hasNetkit) {
    const { message } = new UnsupportedFeatureError('netkit', featureSince.netkit);
    throw new DeviceKindError(`connect endpoints by ${message} (use auto, or veth)`);
  }
  if (choice === 'auto') return hasNetkit ? 'netkit' : 'veth';
  return choice;
}
