/** The tables of masquerade as the views that the API shows. */
import {
  ConnectionFlag,
  DirectedTuple,
  NEW_TRANSLATIONS_MAX,
  Translation,
  TRANSLATIONS_MAX,
} from '@skep/contract';
import { fromMapAddress, newTranslations, translations } from '@skep/datapath';
import { codecOf, type Decoded } from '@skep/ebpf';
import {
  type Address,
  formatAddress,
  formatAddressPort,
  IpProtocol,
  Ipv6Address,
} from '@skep/wire';
import type { NodeModel } from '../model/node-model.ts';
import type { RawTables } from '../tables/raw-tables.ts';
import type { MasqueradeView, TopTalkerView, TranslationView } from '../views.ts';
import type { Masquerade } from './masquerade.ts';

/** How many of each are told. */
const TOP = 5;

/** Every flow that has a port of the node now, those of one endpoint together. */
export function translationViews(raw: RawTables, model: NodeModel): TranslationView[] {
  const read = (map: typeof translations, isEstablished: boolean): TranslationView[] =>
    raw.entries(map).flatMap(({ key, value }) => {
      const tuple = codecOf(DirectedTuple).decode(key);
      // The other row of a flow only leads to this one: its destination is somewhere else.
      if (model.ownerOf(addressOf(tuple.destination)) !== 'host') return [];
      const claim = codecOf(Translation).decode(value);
      return [viewOf(tuple, claim, model, isEstablished)];
    });
  const all = [...read(translations, true), ...read(newTranslations, false)];
  return all.sort((one, other) => one.endpoint.localeCompare(other.endpoint));
}

function viewOf(
  tuple: Decoded<DirectedTuple>,
  claim: Decoded<Translation>,
  model: NodeModel,
  isEstablished: boolean,
): TranslationView {
  const source = addressOf(claim.address);
  return {
    endpoint: model.ownerOf(source),
    protocol: IpProtocol[tuple.protocol] ?? String(tuple.protocol),
    source: { address: formatAddress(source), port: claim.port },
    masquerade: {
      address: formatAddress(addressOf(tuple.destination)),
      port: tuple.destinationPort,
    },
    destination: { address: formatAddress(addressOf(tuple.source)), port: tuple.sourcePort },
    state: stateOf(claim.flags, isEstablished),
  };
}

const CLOSING =
  ConnectionFlag.InitiatorFinished | ConnectionFlag.ResponderFinished | ConnectionFlag.Reset;

function stateOf(flags: number, isEstablished: boolean): TranslationView['state'] {
  if (flags & CLOSING) return 'closing';
  return isEstablished ? 'established' : 'new';
}

/** What `status` says of masquerade: how full it is, and who takes the most. */
export function masqueradeView(
  masquerade: Masquerade,
  raw: RawTables,
  model: NodeModel,
): MasqueradeView {
  const flows = translationViews(raw, model);
  const { first, last } = masquerade.ports;
  const destinations = flows.map(({ protocol, destination }) => {
    return `${protocol} ${formatEnd(destination)}`;
  });
  return {
    uplinks: masquerade.uplinks.map(({ name, ipv4, ipv6 }) => ({
      name,
      ...(ipv4 && { ipv4: formatAddress(ipv4) }),
      ...(ipv6 && { ipv6: formatAddress(ipv6) }),
    })),
    ports: { first, last },
    flows: flows.length,
    pressure: {
      established: raw.entries(translations).length / TRANSLATIONS_MAX,
      new: raw.entries(newTranslations).length / NEW_TRANSLATIONS_MAX,
    },
    topEndpoints: topOf(flows.map(({ endpoint }) => endpoint)),
    topDestinations: topOf(destinations),
  };
}

/** By how many ports they have. */
function topOf(names: readonly string[]): TopTalkerView[] {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  const sorted = [...counts].sort((one, other) => other[1] - one[1]);
  return sorted.slice(0, TOP).map(([name, ports]) => ({ name, ports }));
}

function formatEnd({ address, port }: TranslationView['destination']): string {
  return formatAddressPort(address, port);
}

function addressOf(words: { readonly upper: bigint; readonly lower: bigint }): Address {
  return fromMapAddress(codecOf(Ipv6Address).encode(words));
}
