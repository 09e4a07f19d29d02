export * from './changes.ts';
export * from './decision-table.ts';
export * from './entities.ts';
export * from './labels.ts';
export * from './model.ts';
