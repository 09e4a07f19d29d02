export * from './codec.ts';
export * from './contexts.ts';
export * from './helpers.ts';
export * from './integers.ts';
export * from './load-time.ts';
export * from './maps.ts';
export * from './struct.ts';
