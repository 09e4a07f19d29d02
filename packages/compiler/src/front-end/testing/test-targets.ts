import { oldestTarget, type Target } from '../../codegen/target.ts';

/** The kernels that code is generated for in tests, by what the first of them can do. */
export const testTargets: Readonly<Record<string, Target>> = {
  'every kernel': oldestTarget,
  'kernels with number iterators': { mayGoto: false, numberIterators: true },
  'kernels with may_goto': { mayGoto: true, numberIterators: true },
};
