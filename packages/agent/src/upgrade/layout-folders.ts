/**
 * Which layouts are pinned, and what this build is to do about them. Names say it all:
 *
 * ```
 * <folder>/1-5f0c2a11               tables of a layout, in use
 * <folder>/2-93b7d0e4-unfinished    tables of the next one, on the way: those of 1 decide
 * ```
 *
 * An upgrade renames its folder when all flows are carried over: from then on there is no way back
 * to the older build, and the older folder is only to be taken away.
 */
import { existsSync, readdirSync } from 'node:fs';
import {
  currentLayout,
  datapathFamily,
  type Layout,
  type LayoutFamily,
  layoutName,
  layoutNumber,
  readLayout,
} from '@skep/datapath';

/** Tables are pinned that this build can neither use nor carry over. */
export class LayoutError extends Error {
  readonly code = 'ERR_LAYOUT';

  constructor(
    folder: string,
    readonly found: string,
    advice: string,
    family: LayoutFamily,
  ) {
    const known = family.number === 1 ? '' : ` or one of 1 to ${family.number - 1}`;
    const expected = `${layoutName(currentLayout(family))}${known}`;
    super(`open tables ${folder}: layout ${found}, expected ${expected} (${advice})`);
    this.name = 'LayoutError';
  }
}

/** What is there for this build. */
export interface FoundLayouts {
  /** Name of the folder of this build's tables, whether they are there or not. */
  readonly own: string;
  /** The layout before, whose flows are to be carried over if that has not been done. */
  readonly former: Layout | undefined;
  /** Names of folders that nothing needs once all programs are of this build. */
  readonly ended: readonly string[];
}

const UNFINISHED = '-unfinished';

/** The name of a folder whose tables have everything. */
export function finishedName(name: string): string {
  return name.endsWith(UNFINISHED) ? name.slice(0, -UNFINISHED.length) : name;
}

/**
 * Looks and changes nothing.
 *
 * @throws LayoutError where a newer build was, or one that this build does not know
 */
export function findLayouts(folder: string, family = datapathFamily): FoundLayouts {
  const names = existsSync(folder) ? readdirSync(folder) : [];
  for (const name of names) requireKnown(folder, name, family);
  const own = layoutName(currentLayout(family));
  const next = own + UNFINISHED;
  const others = names.filter((name) => name !== own && name !== next);
  const inUse = others.filter((name) => name === finishedName(name));
  if (names.includes(own)) {
    const [former] = inUse.map((name) => knownLayout(name, family));
    return { own, former, ended: names.filter((name) => name !== own) };
  }
  if (others.length === 0) return { own, former: undefined, ended: names };
  const former = knownLayout(others[0]!, family);
  if (others.length > 1 || !former) {
    throw new LayoutError(folder, others.join(' and '), 'start the build that made them', family);
  }
  return { own: next, former, ended: others };
}

/** Of what a newer build has begun and not finished nothing is needed; all else must be known. */
function requireKnown(folder: string, name: string, family: LayoutFamily): void {
  const number = layoutNumber(finishedName(name));
  if (number === undefined) {
    const advice = 'made by a build before layouts had numbers: uninstall it with that build';
    throw new LayoutError(folder, name, advice, family);
  }
  if (number <= family.number || name !== finishedName(name)) return;
  const advice = 'a newer build has upgraded them: start that one, or uninstall with it';
  throw new LayoutError(folder, name, advice, family);
}

/** The layout of a name; `undefined` where it is none that this build knows. */
function knownLayout(name: string, family: LayoutFamily): Layout | undefined {
  const layout = readLayout(layoutNumber(name) ?? 0, family);
  return layout && layoutName(layout) === name ? layout : undefined;
}
