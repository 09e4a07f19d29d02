/** Where XDP sends packets: other interfaces, other CPUs, sockets that read whole frames. */
import type { XdpAction } from '../contexts/results.ts';
import type { u32 } from '../integers.ts';
import { u32 as u32Field } from '../integers.ts';
import type { AnyInteger } from '../struct.ts';
import type { MapOptions } from './declaration.ts';
import { MapDeclaration } from './declaration.ts';
import { kernelOnly } from './kernel-only.ts';

/** A map whose entries packets are sent to. */
abstract class RedirectMap extends MapDeclaration<AnyInteger, AnyInteger> {
  constructor(options: MapOptions) {
    super(u32Field, u32Field, options);
  }
  /**
   * The action to return: the packet goes to the entry, or, where there is none, what `missing`
   * says (`Aborted` where absent).
   */
  redirect(_key: u32, _missing?: XdpAction): XdpAction {
    return kernelOnly();
  }
}

/** Where else a packet goes that goes to all interfaces of a map. @source BPF_F_*, bpf.h */
export enum Broadcast {
  All = 8,
  /** All but the one that it came from. */
  ExcludeIngress = 24,
}

/** A map of interfaces. */
abstract class InterfaceMap extends RedirectMap {
  /** The action to return: a copy of the packet goes to each interface. @since Linux 5.14 */
  broadcast(_to: Broadcast): XdpAction {
    return kernelOnly();
  }
}

/** Indexes to interfaces; the value is the interface's index. @alias BPF_MAP_TYPE_DEVMAP */
export class DeviceMap extends InterfaceMap {
  readonly kind = 'deviceMap';
}

/** Any numbers to interfaces. @alias BPF_MAP_TYPE_DEVMAP_HASH @since Linux 5.4 */
export class DeviceHash extends InterfaceMap {
  readonly kind = 'deviceHash';
}

/**
 * CPUs that go on with a packet in a thread of their own; the value is how many packets may wait.
 *
 * @alias BPF_MAP_TYPE_CPUMAP @since Linux 4.15
 */
export class CpuMap extends RedirectMap {
  readonly kind = 'cpuMap';
}

/** AF_XDP sockets by their receive queues. @alias BPF_MAP_TYPE_XSKMAP @since Linux 4.18 */
export class XskMap extends RedirectMap {
  readonly kind = 'xskMap';
}
