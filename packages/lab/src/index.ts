export * from './lab.ts';
export * from './lab-file.ts';
export * from './lab-record.ts';
export * from './probe.ts';
export * from './read-text.ts';
export * from './simulated-lab.ts';
