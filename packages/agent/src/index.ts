export * from './model/ipcache.ts';
export * from './model/node-model.ts';
export * from './model/numbers.ts';
export * from './simulation/simulated-node.ts';
export * from './tables/datapath-tables.ts';
export * from './tables/machine-tables.ts';
export * from './tables/raw-tables.ts';
