export * from './ir/builder.ts';
export * from './ir/ir.ts';
export * from './codegen/compile-program.ts';
export * from './ir/compile-error.ts';
export * from './ir/copy.ts';
export * from './ir/specialise.ts';
