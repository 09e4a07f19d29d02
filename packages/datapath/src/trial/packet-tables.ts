/** All packet tables: each row runs on every engine. */
import { expiryCases } from './cases/expiry.ts';
import { forwardingCases } from './cases/forwarding.ts';
import { fragmentCases } from './cases/fragments.ts';
import { hostCases } from './cases/host.ts';
import { hostLinkCases } from './cases/host-link.ts';
import { hostUplinkCases } from './cases/host-uplink.ts';
import { icmpCases } from './cases/icmp.ts';
import { masqueradeCases } from './cases/masquerade.ts';
import { masqueradeErrorCases } from './cases/masquerade-errors.ts';
import { masqueradePortCases } from './cases/masquerade-ports.ts';
import { neighbourCases } from './cases/neighbours.ts';
import { policyCases } from './cases/policy.ts';
import type { PacketCase } from './packet-case.ts';

/** Rows of what endpoints send and get, by what they are about. */
export const endpointTables: Readonly<Record<string, readonly PacketCase[]>> = {
  forwarding: forwardingCases,
  policy: policyCases,
  fragments: fragmentCases,
  neighbours: neighbourCases,
  icmp: icmpCases,
  expiry: expiryCases,
};

/** All rows: those of uplinks, too. */
export const packetTables: Readonly<Record<string, readonly PacketCase[]>> = {
  ...endpointTables,
  host: hostCases,
  'host at uplinks': hostUplinkCases,
  'host on its link': hostLinkCases,
  masquerade: masqueradeCases,
  'masquerade ports': masqueradePortCases,
  'masquerade errors': masqueradeErrorCases,
};
