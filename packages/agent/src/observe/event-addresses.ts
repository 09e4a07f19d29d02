/**
 * Addresses in records, turned into text once: thousands of records a second name the same few, and
 * the text of an address never changes.
 */
import { fromMapAddress } from '@skep/datapath';
import { codecOf } from '@skep/ebpf';
import { type Address, formatAddress, Ipv6Address } from '@skep/wire';

/** How many are remembered; all are forgotten when there are more, as in a flood of forged ones. */
const REMEMBERED_MAX = 4096;

/** As people and the model know it. */
export interface EventAddress {
  readonly address: Address;
  readonly text: string;
}

type Words = { readonly upper: bigint; readonly lower: bigint };

const codec = codecOf(Ipv6Address);
/** By the upper word, which all of IPv4 and all of a subnet have in common, then by the lower. */
const remembered = new Map<bigint, Map<bigint, EventAddress>>();
let count = 0;

/** The address that two words of a record are. */
export function eventAddress({ upper, lower }: Words): EventAddress {
  return remembered.get(upper)?.get(lower) ?? remember({ upper, lower });
}

function remember(words: Words): EventAddress {
  const { upper, lower } = words;
  if (count >= REMEMBERED_MAX) remembered.clear();
  count = count >= REMEMBERED_MAX ? 1 : count + 1;
  const address = fromMapAddress(codec.encode(words));
  const found = { address, text: formatAddress(address) };
  const sameUpper = remembered.get(upper) ?? new Map<bigint, EventAddress>();
  remembered.set(upper, sameUpper.set(lower, found));
  return found;
}
