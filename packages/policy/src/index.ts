export * from './changes.ts';
export * from './decision-table.ts';
export * from './entities.ts';
export * from './labels.ts';
export * from './model.ts';
export {
  type DocumentProblem,
  formatProblem,
  PolicyDocumentError,
} from './documents/document-error.ts';
export { type ParseOptions, parsePolicies } from './documents/parse.ts';
