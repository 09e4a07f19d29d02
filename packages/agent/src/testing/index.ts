/** For the tests of packages above: what an agent has left, read from outside. */
export * from './left-state.ts';
export * from './next-build.ts';
export * from './table-rows.ts';
export * from './talk.ts';
