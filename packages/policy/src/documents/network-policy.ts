/**
 * Kubernetes' NetworkPolicy, all of networking.k8s.io/v1.
 *
 * @source kubernetes staging/src/k8s.io/api/networking/v1/types.go
 */

import { z } from 'zod';
import type { Direction } from '../decision-table.ts';
import { PROTOCOLS_BY_NAME } from '../decision-table.ts';
import { type LabelSelector, makeSelector, NAMESPACE_KEY, type Requirement } from '../labels.ts';
import { NAMESPACE_LABELS_PREFIX } from '../labels.ts';
import type { PeerSelector, PolicyDocument, PortMatch, Rule } from '../model.ts';
import type { PathStep } from './document-error.ts';
import {
  isPortName,
  labelSelector,
  metadataField,
  portNumber,
  prefixField,
  readPrefix,
  type WrittenSelector,
} from './fields.ts';
import type { LocatedDocument } from './located-document.ts';
import { checkShape } from './schema-problems.ts';
import { containsPrefix } from '../prefixes.ts';

const PORT_EXPECTED = "a port from 1 to 65535 or a port's name";

const portField = z
  .strictObject({
    protocol: z.enum(['TCP', 'UDP', 'SCTP'], { error: 'TCP, UDP or SCTP' }).optional(),
    port: z
      .union([portNumber, z.string().refine(isPortName, { error: PORT_EXPECTED })], {
        error: PORT_EXPECTED,
      })
      .optional(),
    endPort: portNumber.optional(),
  })
  .superRefine((port, context) => {
    if (port.endPort === undefined) return;
    const issue = (message: string) =>
      context.addIssue({ code: 'custom', path: ['endPort'], message });
    if (typeof port.port !== 'number') issue('no endPort without a port that is a number');
    else if (port.endPort < port.port) issue(`a port not below ${port.port}`);
  });

const ipBlock = z
  .strictObject({ cidr: prefixField, except: z.array(prefixField).optional() })
  .superRefine((block, context) => {
    const outer = readPrefix(block.cidr);
    for (const [index, text] of (block.except ?? []).entries()) {
      const inner = readPrefix(text);
      if (!outer || !inner) continue;
      if (containsPrefix(outer, inner) && inner.length > outer.length) continue;
      const message = `a prefix within ${block.cidr}, and longer`;
      context.addIssue({ code: 'custom', path: ['except', index], message });
    }
  });

const selector = labelSelector();

const peerField = z
  .strictObject({
    podSelector: selector.optional(),
    namespaceSelector: selector.optional(),
    ipBlock: ipBlock.optional(),
  })
  .refine((peer) => Object.values(peer).some((value) => value !== undefined), {
    error: 'podSelector, namespaceSelector or ipBlock',
  })
  .refine((peer) => !peer.ipBlock || (!peer.podSelector && !peer.namespaceSelector), {
    error: 'ipBlock without podSelector and namespaceSelector',
  });

const networkPolicy = z.strictObject({
  apiVersion: z.literal('networking.k8s.io/v1', { error: 'networking.k8s.io/v1' }),
  kind: z.literal('NetworkPolicy'),
  metadata: metadataField,
  spec: z
    .strictObject({
      podSelector: selector.optional(),
      policyTypes: z
        .array(z.enum(['Ingress', 'Egress'], { error: 'Ingress or Egress' }))
        .max(2, { error: 'at most two policyTypes' })
        .optional(),
      ingress: z
        .array(
          z.strictObject({
            ports: z.array(portField).optional(),
            from: z.array(peerField).optional(),
          }),
        )
        .optional(),
      egress: z
        .array(
          z.strictObject({
            ports: z.array(portField).optional(),
            to: z.array(peerField).optional(),
          }),
        )
        .optional(),
    })
    .optional(),
  status: z.unknown().optional(),
});

/**
 * Reads a NetworkPolicy.
 *
 * @throws PolicyDocumentError
 */
export function readNetworkPolicy(
  document: LocatedDocument,
  defaultNamespace: string,
): PolicyDocument {
  const { metadata, spec } = checkShape(networkPolicy, document, {});
  const namespace = metadata.namespace ?? defaultNamespace;
  const title = `${namespace}/${metadata.name}`;
  const types = policyTypes(spec?.policyTypes, spec?.egress?.length ?? 0);
  const rules: Rule[] = [];
  const addRule = (
    direction: Direction,
    index: number,
    peers: readonly z.infer<typeof peerField>[] | undefined,
    ports: readonly z.infer<typeof portField>[] | undefined,
  ) => {
    const path: PathStep[] = ['spec', direction, index];
    rules.push({
      name: `${title} ${direction}[${index}]`,
      position: document.position(path),
      direction,
      action: 'allow',
      peers: peers?.length ? peers.map((peer) => toPeer(peer, namespace)) : [{ kind: 'all' }],
      ports: ports?.length ? ports.map(toPort) : [{ kind: 'any' }],
    });
  };
  if (types.isIngress) {
    for (const [i, rule] of (spec?.ingress ?? []).entries()) {
      addRule('ingress', i, rule.from, rule.ports);
    }
  }
  if (types.isEgress) {
    for (const [i, rule] of (spec?.egress ?? []).entries()) {
      addRule('egress', i, rule.to, rule.ports);
    }
  }
  return {
    kind: 'NetworkPolicy',
    namespace,
    name: metadata.name,
    position: document.position([]),
    ruleSets: [
      {
        name: title,
        subject: podsOf(namespace, spec?.podSelector ?? {}),
        rules,
        isIngressDefaultDeny: types.isIngress,
        isEgressDefaultDeny: types.isEgress,
      },
    ],
  };
}

/** Without types, a policy is about ingress, and about egress too where it has egress rules. */
function policyTypes(
  written: readonly ('Ingress' | 'Egress')[] | undefined,
  egressRuleCount: number,
): { isIngress: boolean; isEgress: boolean } {
  if (!written?.length) return { isIngress: true, isEgress: egressRuleCount > 0 };
  return { isIngress: written.includes('Ingress'), isEgress: written.includes('Egress') };
}

function toPeer(peer: z.infer<typeof peerField>, namespace: string): PeerSelector {
  if (peer.ipBlock) {
    return {
      kind: 'prefix',
      prefix: readPrefix(peer.ipBlock.cidr)!,
      except: (peer.ipBlock.except ?? []).map((text) => readPrefix(text)!),
      matchesManaged: true,
    };
  }
  if (!peer.namespaceSelector) {
    return { kind: 'labels', selector: podsOf(namespace, peer.podSelector ?? {}) };
  }
  // Only pods have a namespace: without this an empty selector would match the world.
  const isPod: Requirement = { source: 'k8s', key: NAMESPACE_KEY, operator: 'Exists', values: [] };
  const selector = makeSelector([
    isPod,
    ...toRequirements(peer.namespaceSelector, NAMESPACE_LABELS_PREFIX),
    ...toRequirements(peer.podSelector ?? {}, ''),
  ]);
  return { kind: 'labels', selector };
}

/** Pods of a namespace. */
export function podsOf(namespace: string, selector: WrittenSelector): LabelSelector {
  return makeSelector([
    { source: 'k8s', key: NAMESPACE_KEY, operator: 'In', values: [namespace] },
    ...toRequirements(selector, ''),
  ]);
}

function toRequirements(selector: WrittenSelector, keyPrefix: string): Requirement[] {
  const source = 'k8s';
  const equal = Object.entries(selector.matchLabels ?? {}).map(
    ([key, value]): Requirement => ({
      source,
      key: keyPrefix + key,
      operator: 'In',
      values: [value],
    }),
  );
  const expressions = (selector.matchExpressions ?? []).map(
    ({ key, operator, values }): Requirement => ({
      source,
      key: keyPrefix + key,
      operator,
      values: values ?? [],
    }),
  );
  return [...equal, ...expressions];
}

function toPort(port: z.infer<typeof portField>): PortMatch {
  const protocol = PROTOCOLS_BY_NAME[port.protocol ?? 'TCP'];
  if (typeof port.port === 'string') return { kind: 'name', protocol, name: port.port };
  const first = port.port ?? 0;
  const last = port.port === undefined ? 65535 : (port.endPort ?? port.port);
  return { kind: 'range', protocol, first, last };
}
