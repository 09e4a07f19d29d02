/** Rules that are in force without a document. */

import { makeSelector } from './labels.ts';
import type { Rule, RuleSet } from './model.ts';

/** The rule behind `PolicySetOptions.localHost`. */
export const LOCAL_HOST_RULE: Rule = {
  name: 'local host',
  position: { file: 'built in', line: 1 },
  direction: 'ingress',
  action: 'allow',
  peers: [{ kind: 'entity', entity: 'host' }],
  ports: [{ kind: 'any' }],
};

/**
 * An endpoint whose labels are not known yet is closed, both ways, but for what rules about
 * `reserved:init` allow: nobody can tell yet which rules it will have.
 */
export const INIT_RULE_SET: RuleSet = {
  name: 'reserved:init',
  subject: makeSelector([{ source: 'reserved', key: 'init', operator: 'Exists', values: [] }]),
  rules: [],
  isIngressDefaultDeny: true,
  isEgressDefaultDeny: true,
};
