/**
 * The shape of CiliumNetworkPolicy and CiliumClusterwideNetworkPolicy, layers 3 and 4.
 *
 * @source cilium pkg/policy/api (rule.go, ingress.go, egress.go, l4.go, icmp.go, cidr.go)
 */

import { z } from 'zod';
import { ENTITIES } from '../entities.ts';
import { containsPrefix } from '../prefixes.ts';
import { ciliumKey } from './cilium-keys.ts';
import {
  addressOrPrefixField,
  isPortName,
  labelSelector,
  metadataField,
  nonEmptyText,
  portNumber,
  prefixField,
  readPrefix,
} from './fields.ts';
import { ICMP_TYPES, ICMPV6_TYPES } from './icmp-types.ts';
import type { UnsupportedFields } from './schema-problems.ts';

/** Fields of Cilium that are refused by name rather than ignored. */
export const CILIUM_UNSUPPORTED: UnsupportedFields = {
  fromRequires: ' (Cilium 1.19 removed it, too)',
  toRequires: ' (Cilium 1.19 removed it, too)',
  fromGroups: '',
  toGroups: '',
  fromNodes: '',
  toNodes: '',
  toServices: ' (select the endpoints behind the service by their labels)',
  toFQDNs: ' (use toCIDR for fixed addresses)',
  authentication: '',
  rules: ' (rules of layer 7)',
  terminatingTLS: '',
  originatingTLS: '',
  serverNames: '',
  listener: '',
  cidrGroupRef: ' (write the prefixes out)',
  cidrGroupSelector: ' (write the prefixes out)',
};

const PORT_EXPECTED = "a port from '0' to '65535' or a port's name, as text in quotes";

/** Whether text is a number of a port; Cilium's `0` stands for all. */
export function isPortNumberText(text: string): boolean {
  return /^(0|[1-9]\d{0,4})$/.test(text) && Number(text) <= 65535;
}

const portField = z
  .strictObject({
    port: z
      .string({ error: PORT_EXPECTED })
      .transform((text) => text.toLowerCase())
      .refine((text) => isPortNumberText(text) || isPortName(text), { error: PORT_EXPECTED }),
    endPort: portNumber.optional(),
    protocol: z
      .enum(['TCP', 'UDP', 'SCTP', 'ANY'], {
        error: 'TCP, UDP, SCTP or ANY (icmps is for ICMP)',
      })
      .optional(),
  })
  .superRefine((port, context) => {
    if (port.endPort === undefined) return;
    const issue = (message: string) =>
      context.addIssue({ code: 'custom', path: ['endPort'], message });
    if (!isPortNumberText(port.port)) issue('no endPort beside the name of a port');
    else if (port.port === '0') issue("no endPort beside port '0', which stands for all ports");
    else if (port.endPort < Number(port.port)) issue(`a port not below ${port.port}`);
  });

const ICMP_EXPECTED = 'an ICMP type from 0 to 255, or its name';

const icmpField = z
  .strictObject({
    family: z.enum(['IPv4', 'IPv6'], { error: 'IPv4 or IPv6' }).optional(),
    type: z.union([z.number(), z.string()], { error: ICMP_EXPECTED }),
  })
  .superRefine((field, context) => {
    if (readIcmpType(field.type, field.family ?? 'IPv4') !== undefined) return;
    const message = `${ICMP_EXPECTED} in ${field.family ?? 'IPv4'}`;
    context.addIssue({ code: 'custom', path: ['type'], message });
  });

/** The number of an ICMP type that is written as number, as digits, or as name. */
export function readIcmpType(type: number | string, family: 'IPv4' | 'IPv6'): number | undefined {
  if (typeof type === 'number' || /^\d{1,3}$/.test(type)) {
    const number = Number(type);
    return Number.isInteger(number) && number >= 0 && number <= 255 ? number : undefined;
  }
  const names = family === 'IPv6' ? ICMPV6_TYPES : ICMP_TYPES;
  return Object.hasOwn(names, type) ? names[type] : undefined;
}

const cidrRule = z
  .strictObject({ cidr: prefixField, except: z.array(prefixField).optional() })
  .superRefine((rule, context) => {
    const outer = readPrefix(rule.cidr);
    for (const [index, text] of (rule.except ?? []).entries()) {
      const inner = readPrefix(text);
      if (!outer || !inner || containsPrefix(outer, inner)) continue;
      const message = `a prefix within ${rule.cidr}`;
      context.addIssue({ code: 'custom', path: ['except', index], message });
    }
  });

const portRule = z.strictObject({
  ports: z.array(portField).min(1, { error: 'at least one port' }),
});

const icmpRule = z.strictObject({
  fields: z.array(icmpField).min(1, { error: 'at least one ICMP type' }),
});

const layer4 = {
  toPorts: z.array(portRule).optional(),
  icmps: z.array(icmpRule).optional(),
};
const selector = labelSelector(ciliumKey);
const endpoints = z.array(selector).optional();
const entities = z
  .array(z.enum(ENTITIES, { error: `an entity: ${ENTITIES.join(', ')}` }))
  .optional();
const cidrs = z.array(addressOrPrefixField).optional();
const cidrSet = z.array(cidrRule).optional();

const EXCLUSIVE = [
  ['fromEndpoints', 'fromEntities', 'fromCIDR', 'fromCIDRSet'],
  ['toEndpoints', 'toEntities', 'toCIDR', 'toCIDRSet'],
  ['toPorts', 'icmps'],
] as const;

/** Cilium refuses rules that combine these; each belongs into a rule of its own. */
function checkExclusive(rule: Readonly<Record<string, unknown>>, context: z.RefinementCtx): void {
  for (const group of EXCLUSIVE) {
    const used = group.filter((key) => Array.isArray(rule[key]) && rule[key].length > 0);
    if (used.length < 2) continue;
    const message = `only one of ${used.join(' and ')} in a rule`;
    context.addIssue({ code: 'custom', path: [used[1]!], message });
  }
}

const ingressRule = z
  .strictObject({
    fromEndpoints: endpoints,
    fromEntities: entities,
    fromCIDR: cidrs,
    fromCIDRSet: cidrSet,
    ...layer4,
  })
  .superRefine(checkExclusive);

const egressRule = z
  .strictObject({
    toEndpoints: endpoints,
    toEntities: entities,
    toCIDR: cidrs,
    toCIDRSet: cidrSet,
    ...layer4,
  })
  .superRefine(checkExclusive);

const ruleLabel = z.strictObject({
  key: nonEmptyText,
  value: z.string().optional(),
  source: z.string().optional(),
});

const spec = z
  .strictObject({
    description: z.string().optional(),
    labels: z.array(ruleLabel).optional(),
    log: z.strictObject({ value: z.string().optional() }).optional(),
    enableDefaultDeny: z
      .strictObject({ ingress: z.boolean().optional(), egress: z.boolean().optional() })
      .optional(),
    endpointSelector: selector.optional(),
    nodeSelector: selector.optional(),
    ingress: z.array(ingressRule).optional(),
    ingressDeny: z.array(ingressRule).optional(),
    egress: z.array(egressRule).optional(),
    egressDeny: z.array(egressRule).optional(),
  })
  .superRefine(({ endpointSelector, nodeSelector }, context) => {
    const count = [endpointSelector, nodeSelector].filter(Boolean).length;
    if (count === 1) return;
    const path = count === 0 ? 'endpointSelector' : 'nodeSelector';
    const message =
      count === 0
        ? 'endpointSelector, or nodeSelector for a policy of nodes'
        : 'either nodeSelector or endpointSelector in a spec, not both';
    context.addIssue({ code: 'custom', path: [path], message });
  });

/** Both kinds; that a clusterwide one has no namespace is checked apart. */
export const ciliumPolicy = z
  .strictObject({
    apiVersion: z.literal('cilium.io/v2', { error: 'cilium.io/v2' }),
    kind: z.enum(['CiliumNetworkPolicy', 'CiliumClusterwideNetworkPolicy']),
    metadata: metadataField,
    spec: spec.optional(),
    specs: z.array(spec).optional(),
    status: z.unknown().optional(),
  })
  .refine((policy) => policy.spec !== undefined || (policy.specs?.length ?? 0) > 0, {
    error: 'spec or specs',
  });

/** A `spec` as it was written. */
export type CiliumSpec = z.infer<typeof spec>;
/** A rule of either direction as it was written. */
export type CiliumRule = Partial<z.infer<typeof ingressRule> & z.infer<typeof egressRule>>;
