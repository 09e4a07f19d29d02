/** Which interfaces policies about the node are enforced at: all that others may come in by. */
import type { Link } from '@skep/netlink';
import { formatAddress } from '@skep/wire';
import { LINK_GROUP } from '../devices/endpoint-device.ts';
import type { NetworkState } from '../masquerade/choose-uplinks.ts';

/** IFF_LOOPBACK. @source include/uapi/linux/if.h */
const LOOPBACK = 0x8;

/**
 * Every link but loopback, those of endpoints, and parts of a bridge or bond, whose packets come by
 * the whole. One without an Ethernet header is told of, since nothing is decided there.
 */
export function chooseGuarded(state: NetworkState): { links: Link[]; problems: string[] } {
  const others = state.links.filter(({ flags, group, masterIndex }) => {
    return (flags & LOOPBACK) === 0 && group !== LINK_GROUP && masterIndex === undefined;
  });
  const problems = others
    .filter(({ mac, isUp }) => mac === undefined && isUp)
    .flatMap((link) => {
      const own = state.addresses.filter(({ linkIndex }) => linkIndex === link.index);
      const addresses = own.map(({ address }) => formatAddress(address)).join(', ');
      const advice = 'packets there have no Ethernet header: close it by other means';
      return own.length > 0
        ? [`policies of this node are not enforced at ${link.name}, ${addresses} (${advice})`]
        : [];
    });
  return { links: others.filter(({ mac }) => mac !== undefined), problems };
}
