export * from './ir/builder.ts';
export * from './ir/ir.ts';
