/** The chapters of the benchmark, in the order in which they are run. */
import type { Case } from '../harness/case.ts';
import { compilerCase } from './compiler.ts';
import { compileTimeCase } from './compile-time.ts';
import { changesCase } from './changes.ts';
import { containersCase } from './containers.ts';
import { datapathCase } from './datapath.ts';
import { devicesCase } from './devices.ts';
import { filtersCase } from './filters.ts';
import { machineCase } from './machine.ts';
import { masqueradeCase } from './masquerade.ts';
import { memoryCase } from './memory.ts';
import { pathCase } from './path.ts';
import { pluginCase } from './plugin.ts';
import { programsCase } from './programs.ts';
import { rivalChangesCase } from './rival-changes.ts';
import { rulesCase } from './rules.ts';

/** All cases. */
export const cases: readonly Case[] = [
  compilerCase,
  programsCase,
  compileTimeCase,
  filtersCase,
  datapathCase,
  machineCase,
  rulesCase,
  changesCase,
  rivalChangesCase,
  pathCase,
  devicesCase,
  containersCase,
  masqueradeCase,
  memoryCase,
  pluginCase,
];
