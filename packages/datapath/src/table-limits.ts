// tidy: table: what each table does at its limit
/**
 * What each table does when it is full, and what can be done about it. The bounds themselves, each
 * with what it means, are in `@skep/contract`.
 */
import type { MapDeclaration } from '@skep/ebpf';
import * as maps from './maps.ts';

/**
 * `refuses`: one more is an error, and nothing of the change is done. `evicts`: an older entry
 * gives way. `loses`: what finds no room is lost, and counted. `fixed`: there is a row for
 * everything, so that it cannot be full.
 */
export type LimitBehaviour = 'refuses' | 'evicts' | 'loses' | 'fixed';

/** One table at its limit. */
export interface TableLimit {
  readonly map: MapDeclaration;
  readonly behaviour: LimitBehaviour;
  /** Name of the bound in `@skep/contract`; absent where there is nothing to bound. */
  readonly bound?: string;
  /** What to do about it, as messages say it in brackets; empty where nothing is to be done. */
  readonly advice: string;
}

/** Every table, in the order in which a packet meets them. */
export const tableLimits: readonly TableLimit[] = [
  refuses(
    maps.interfaces,
    'INTERFACE_INDEXES_MAX',
    'remove interfaces with indexes from 10,000 on',
  ),
  refuses(maps.endpoints, 'ENDPOINTS_MAX', 'remove endpoints, or use more nodes'),
  fixed(maps.packets),
  fixed(maps.transits),
  {
    map: maps.fragments,
    behaviour: 'evicts',
    bound: 'FRAGMENTED_DATAGRAMS_MAX',
    advice: 'let endpoints send datagrams that fit the MTU',
  },
  {
    map: maps.connections,
    behaviour: 'evicts',
    bound: 'CONNECTIONS_MAX',
    advice: 'spread endpoints with very many connections over more nodes',
  },
  {
    map: maps.newcomers,
    behaviour: 'evicts',
    bound: 'NEWCOMERS_MAX',
    advice: 'see who begins so many flows: skep observe',
  },
  { map: maps.newcomerHints, behaviour: 'evicts', bound: 'NEWCOMER_HINTS_PER_SET', advice: '' },
  fixed(maps.newcomerQueue),
  fixed(maps.hashKey),
  fixed(maps.nodeState),
  refuses(maps.addresses, 'ADDRESSES_MAX', 'name prefixes instead of single addresses in policies'),
  refuses(maps.prefixes, 'PREFIXES_MAX', 'name fewer different prefixes in policies'),
  refuses(
    maps.selectorSets,
    'SELECTOR_SETS_MAX',
    'let rules share their lists of prefixes and labels',
  ),
  refuses(maps.subjects, 'SUBJECTS_MAX', 'use fewer different labels'),
  { map: maps.policies, behaviour: 'refuses', bound: 'SUBJECTS_MAX', advice: 'as skep_subject' },
  fixed(maps.traffic),
  {
    map: maps.events,
    behaviour: 'loses',
    bound: 'EVENT_BUFFER_BYTES',
    advice: 'see what keeps the agent from reading: its CPU time, its log',
  },
  fixed(maps.lostEvents),
  fixed(maps.former),
  fixed(maps.succession),
  {
    map: maps.translations,
    behaviour: 'evicts',
    bound: 'TRANSLATIONS_MAX',
    advice: 'see who has the most: skep nat list',
  },
  {
    map: maps.newTranslations,
    behaviour: 'evicts',
    bound: 'NEW_TRANSLATIONS_MAX',
    advice: 'see who has the most: skep nat list',
  },
  refuses(maps.uplinks, 'UPLINKS_MAX', 'name fewer uplinks: --uplink'),
  refuses(
    maps.unmasqueraded,
    'UNMASQUERADED_PREFIXES_MAX',
    'name wider prefixes: --masquerade-except',
  ),
];

function refuses(map: MapDeclaration, bound: string, advice: string): TableLimit {
  return { map, behaviour: 'refuses', bound, advice };
}

function fixed(map: MapDeclaration): TableLimit {
  return { map, behaviour: 'fixed', advice: '' };
}

/** Of a table by its name. */
export function atLimit(name: string): TableLimit {
  const found = tableLimits.find(({ map }) => map.name === name);
  if (!found) throw new Error(`table ${name}: not one of the datapath's`);
  return found;
}
