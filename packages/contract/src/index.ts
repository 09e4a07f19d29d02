export * from './connection.ts';
export * from './drop-reason.ts';
export * from './endpoint.ts';
export * from './event.ts';
export * from './identity.ts';
export * from './limits.ts';
export * from './succession.ts';
export * from './tuple.ts';
