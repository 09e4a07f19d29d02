export * from './config.ts';
export * from './maps.ts';
export * from './packet.ts';
