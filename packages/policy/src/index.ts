export * from './changes.ts';
export { type Decision, DecisionReason, decide, type Flow, type NearMiss } from './decide.ts';
export type { RuleReference } from './decide.ts';
export * from './decision-table.ts';
export { describePeers, describePort, describePorts, describeRule } from './describe.ts';
export {
  type DocumentProblem,
  formatProblem,
  PolicyDocumentError,
} from './documents/document-error.ts';
export { type ParseOptions, parsePolicies } from './documents/parse.ts';
export * from './entities.ts';
export {
  type ExplainedFlow,
  type Explanation,
  explain,
  type Party,
  type SideExplanation,
} from './explain.ts';
export { reservedIdentityLabels } from './identities.ts';
export * from './labels.ts';
export * from './model.ts';
export type { NamedPortSelector, PeerFacts } from './peer-selectors.ts';
export {
  LOCAL_HOST_RULE,
  PolicySet,
  type PolicySetOptions,
  type PolicyUpdate,
  UnknownSubjectError,
} from './policy-set.ts';
