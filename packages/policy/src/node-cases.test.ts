// tidy: table: policies of nodes, and the traffic that they let pass or not
import { clusterwide, type PolicyCase, runCases } from './policy-cases.ts';

const NODE = 'nodeSelector: {matchLabels: {zone: eu}}';
const WORLD = '203.0.113.9';

const subjects: PolicyCase[] = [
  {
    name: 'a policy that selects the node closes it, and no endpoint',
    policies: [clusterwide('{nodeSelector: {}, ingress: [{}], egress: [{}]}')],
    allow: [`${WORLD} > api TCP 80`, 'frontend > api TCP 80', 'api > database TCP 80'],
    deny: [`${WORLD} > host TCP 80`, `host > ${WORLD} TCP 443`, 'api > host TCP 80'],
  },
  {
    name: 'a policy that selects all endpoints selects no node',
    policies: [clusterwide('{endpointSelector: {}, ingress: [{}], egress: [{}]}')],
    allow: [`${WORLD} > host TCP 80`, `host > ${WORLD} TCP 443`],
    deny: [`${WORLD} > api TCP 80`],
  },
  {
    name: 'endpointSelector cannot name the node',
    policies: [
      clusterwide("{endpointSelector: {matchLabels: {'reserved:host': ''}}, ingress: [{}]}"),
    ],
    allow: [`${WORLD} > host TCP 80`],
  },
  {
    name: 'nodes with other labels are other nodes',
    policies: [clusterwide('{nodeSelector: {matchLabels: {zone: us}}, ingress: [{}]}')],
    allow: [`${WORLD} > host TCP 80`],
  },
  {
    name: 'labels have the source k8s',
    policies: [clusterwide("{nodeSelector: {matchLabels: {'k8s:zone': eu}}, ingress: [{}]}")],
    deny: [`${WORLD} > host TCP 80`],
  },
];

const rules: PolicyCase[] = [
  {
    name: 'prefixes, ports and endpoints',
    policies: [
      clusterwide(
        `{${NODE}, ingress: [
            {fromCIDR: [203.0.113.0/24], toPorts: [{ports: [{port: '443', protocol: TCP}]}]},
            {fromEndpoints: [{matchLabels: {app: api}}]}]}`,
      ),
    ],
    allow: [`${WORLD} > host TCP 443`, 'api > host TCP 80', `host > ${WORLD} TCP 80`],
    deny: [`${WORLD} > host TCP 80`, '198.51.100.1 > host TCP 443', 'frontend > host TCP 80'],
  },
  {
    name: 'a deny rule without default deny',
    policies: [
      clusterwide(
        `{${NODE}, enableDefaultDeny: {ingress: false}, ingressDeny: [{fromEntities: [cluster]}]}`,
      ),
    ],
    allow: [`${WORLD} > host TCP 80`],
    deny: ['api > host TCP 80'],
  },
  {
    name: 'the sides of both ends decide',
    policies: [clusterwide(`{${NODE}, egress: [{toEndpoints: [{matchLabels: {app: api}}]}]}`)],
    allow: ['host > api TCP 80', 'api > host TCP 80'],
    deny: ['host > database TCP 80'],
  },
];

const safePorts: PolicyCase[] = [
  {
    name: 'default deny leaves them open, towards the world and other nodes',
    policies: [clusterwide(`{${NODE}, ingress: [{}], egress: [{}]}`)],
    allow: [
      ...[`${WORLD} > host TCP 22`, 'remote-node > host TCP 22', `${WORLD} > host UDP 68`],
      ...[`host > ${WORLD} UDP 53`, `host > ${WORLD} TCP 53`, 'host > 2001:db8::1 UDP 547'],
    ],
    deny: [
      ...[`${WORLD} > host TCP 23`, `${WORLD} > host UDP 22`, `host > ${WORLD} TCP 22`],
      ...['api > host TCP 22', 'host > api UDP 53'],
    ],
  },
  {
    name: 'a deny rule cannot close them',
    policies: [
      clusterwide(
        `{${NODE}, ingressDeny: [{fromEntities: [all]}], egressDeny: [{toEntities: [all]}]}`,
      ),
    ],
    allow: [`${WORLD} > host TCP 22`, `host > ${WORLD} UDP 53`],
    deny: [`${WORLD} > host TCP 80`, 'api > host TCP 22'],
  },
  {
    name: 'a deny rule about a range around one, without default deny',
    policies: [
      clusterwide(
        `{${NODE}, enableDefaultDeny: {ingress: false}, ingressDeny: [{fromCIDR: [203.0.113.9/32],
            toPorts: [{ports: [{port: '20', endPort: 25, protocol: TCP}]}]}]}`,
      ),
    ],
    allow: [`${WORLD} > host TCP 22`, `${WORLD} > host TCP 80`, '198.51.100.1 > host TCP 23'],
    deny: [`${WORLD} > host TCP 21`, `${WORLD} > host TCP 23`],
  },
];

runCases('subjects', subjects);
runCases('rules', rules);
runCases('safe ports', safePorts);
