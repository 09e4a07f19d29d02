export * from './ir/ir.ts';
