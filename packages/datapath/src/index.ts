export * from './address.ts';
export * from './machine-tables.ts';
export * from './maps.ts';
export * from './newcomer-queue.ts';
export * from './policy-program.ts';
export * from './programs.ts';
export * from './layouts/carry.ts';
export * from './layouts/layout.ts';
