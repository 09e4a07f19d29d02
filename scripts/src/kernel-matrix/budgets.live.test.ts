/** Every program of the project on this kernel; `npm test -- --update` records what is found. */
import assert from 'node:assert/strict';
import { release } from 'node:os';
import { describe, test } from 'node:test';
import { canTraceFunctions, canUseBpf } from '@skep/bpf';
import { checkProgram } from '@skep/bytecode';
import { checkBudgets, readBudgets } from './budget-file.ts';
import { isRecorded, kernelOf } from './budgets.ts';
import { measurePrograms } from './load-programs.ts';
import { projectPrograms } from './project-programs.ts';

describe('budgets', { skip: canUseBpf() ?? false }, () => {
  test('every program loads, and none is more than a tenth above its budget', async (context) => {
    const programs = await projectPrograms();
    for (const { object } of programs) assert.equal(checkProgram(object)?.message, undefined);
    const sizes = measurePrograms(programs);
    const obstacle = canTraceFunctions();
    if (obstacle) context.diagnostic(`programs at functions are counted, not loaded: ${obstacle}`);
    const isUpdate = process.env.SKEP_UPDATE === '1';
    const kernel = kernelOf(release());
    if (!isUpdate && !isRecorded(readBudgets(), kernel)) {
      context.skip(`no budgets are recorded for Linux ${kernel}; all programs load`);
      return;
    }
    assert.deepEqual(checkBudgets(release(), { programs, sizes, isUpdate }), []);
  });
});
