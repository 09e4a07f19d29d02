export * from './changes.ts';
export { type Decision, DecisionReason, decide, type Flow, type NearMiss } from './decide.ts';
export type { RuleReference } from './decide.ts';
export * from './decision-table.ts';
export { describePeers, describePort, describePorts, describeRule } from './describe.ts';
export {
  type DocumentProblem,
  formatFound,
  formatPath,
  formatProblem,
  type PathStep,
  PolicyDocumentError,
} from './documents/document-error.ts';
export {
  isPortName,
  labelText,
  NAMESPACE_RULE,
  namespaceField,
  nonEmptyText,
  portNumber,
} from './documents/fields.ts';
export { ICMP_TYPES, ICMPV6_TYPES } from './documents/icmp-types.ts';
export { type LocatedDocument, readDocuments, valueAt } from './documents/located-document.ts';
export { type ParseOptions, parsePolicies } from './documents/parse.ts';
export { type ParsedFile, type PolicyFile, parsePolicyFiles } from './documents/parse-files.ts';
export { parseAccepted } from './documents/parse-accepted.ts';
export { checkShape } from './documents/schema-problems.ts';
export * from './entities.ts';
export {
  type ExplainedFlow,
  type Explanation,
  explain,
  type Party,
  type SideExplanation,
} from './explain.ts';
export { idleDenials } from './idle-denials.ts';
export { INIT_RULE_SET, LOCAL_HOST_RULE } from './built-in-rules.ts';
export { reservedIdentityLabels } from './identities.ts';
export * from './labels.ts';
export * from './model.ts';
export { type NamedPortSelector, namedPortKey, type PeerFacts } from './peer-selectors.ts';
export {
  closedButForSafePorts,
  DEFAULT_SAFE_PORTS,
  describeSafePort,
  type SafePort,
} from './safe-ports.ts';
export {
  PolicySet,
  type PolicySetOptions,
  type PolicyUpdate,
  UnknownSubjectError,
} from './policy-set.ts';
