/** What is in force for a policy that cannot be read: nothing passes at whoever it may be about. */

import { z } from 'zod';
import type { Direction } from '../decision-table.ts';
import type { PolicyDocument, PolicyKind, Rule, RuleSet } from '../model.ts';
import { ciliumKey } from './cilium-keys.ts';
import { subjectOfEndpoints, subjectOfNodes } from './cilium-policy.ts';
import { labelSelector } from './fields.ts';
import type { LocatedDocument } from './located-document.ts';
import { podsOf } from './network-policy.ts';

/** What is known of such a policy. */
export interface UnreadablePolicy {
  /** By which it was accepted. */
  readonly key: string;
  readonly file: string;
  /** Why it cannot be read. */
  readonly reason: string;
  /** Absent where the text is not even YAML, or has no document of this key. */
  readonly located?: LocatedDocument;
}

type Subject = Pick<RuleSet, 'subject' | 'isAboutNodes'>;

/** See the head of this file. Other policies go on allowing what a NetworkPolicy cannot deny. */
export function closedPolicy({ key, file, reason, located }: UnreadablePolicy): PolicyDocument {
  const [kind = '', namespace = '', ...names] = key.split('/');
  const name = names.join('/');
  const position = located?.position([]) ?? { file, line: 1 };
  const title = namespace === '' ? name : `${namespace}/${name}`;
  const isKubernetes = kind === 'NetworkPolicy';
  const subjects = isKubernetes
    ? [{ subject: podsOf(namespace, podSelectorOf(located)) }]
    : ciliumSubjects(located, namespace);
  const denial = (direction: Direction): Rule => ({
    name: `${title} unreadable`,
    ...{ position, direction, action: 'deny', peers: [{ kind: 'all' }], ports: [{ kind: 'any' }] },
  });
  const rules = isKubernetes ? [] : [denial('ingress'), denial('egress')];
  const defaults = { isIngressDefaultDeny: true, isEgressDefaultDeny: true };
  const ruleSets = subjects.map((each): RuleSet => ({ name: title, ...each, rules, ...defaults }));
  const facts = { kind: kind as PolicyKind, namespace, name, position };
  return { ...facts, ruleSets, unreadable: reason };
}

/** Whatever is wrong with a selector, it selected some of those that an empty one selects. */
const podSelector = labelSelector().optional().catch({});
const ciliumSelector = labelSelector(ciliumKey).optional().catch({});
const ciliumSpec = z.looseObject({
  endpointSelector: ciliumSelector,
  nodeSelector: ciliumSelector,
});

const kubernetes = z.looseObject({ spec: z.looseObject({ podSelector }) });
const cilium = z.looseObject({
  spec: ciliumSpec.optional(),
  specs: z.array(ciliumSpec).optional(),
});

function podSelectorOf(located: LocatedDocument | undefined) {
  return kubernetes.safeParse(located?.value).data?.spec.podSelector ?? {};
}

/** Where it cannot be told whom a spec is about, everybody. */
function ciliumSubjects(located: LocatedDocument | undefined, namespace: string): Subject[] {
  const { spec, specs = [] } = cilium.safeParse(located?.value).data ?? {};
  const written = spec ? [spec, ...specs] : specs;
  return (written.length > 0 ? written : [{}]).flatMap(({ endpointSelector, nodeSelector }) => {
    const endpoints = { subject: subjectOfEndpoints(endpointSelector ?? {}, namespace) };
    const nodes = { subject: subjectOfNodes(nodeSelector ?? {}), isAboutNodes: true };
    if (namespace !== '' || (endpointSelector && !nodeSelector)) return [endpoints];
    return nodeSelector && !endpointSelector ? [nodes] : [endpoints, nodes];
  });
}
