/** The chapters of the benchmark, in the order in which they are run. */
import type { Case } from '../harness/case.ts';
import { compilerCase } from './compiler.ts';
import { datapathCase } from './datapath.ts';

/** All cases. */
export const cases: readonly Case[] = [compilerCase, datapathCase];
