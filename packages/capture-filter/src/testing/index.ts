export * from './filter-table.ts';
export * from './tcpdump.ts';
