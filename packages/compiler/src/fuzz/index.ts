/** Random programs with models, for whoever can run them on one more engine. */
export * from './check-case.ts';
export * from './fuzz-case.ts';
export { MachineEngine } from './machine-engine.ts';
export { makeRecipeCase } from './recipe-case.ts';
export { SourceFolder } from './sources/compile-sources.ts';
export { makeSource, type Source } from './sources/make-source.ts';
export { makeSourceCase, sourceWorld } from './sources/source-case.ts';
export * from './fuzz-batch.ts';
export { Random } from './random.ts';
