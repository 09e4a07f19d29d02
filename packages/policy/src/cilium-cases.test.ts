// tidy: table: policies, and the traffic that they let pass or not
import { cilium, clusterwide, kubernetes, type PolicyCase, runCases } from './policy-cases.ts';

const API = 'endpointSelector: {matchLabels: {app: api}}';
const FRONTEND = '{matchLabels: {app: frontend}}';

const isolation: PolicyCase[] = [
  {
    name: 'ingress rules make deny the default of ingress only',
    policies: [cilium(`{${API}, ingress: [{fromEndpoints: [${FRONTEND}]}]}`)],
    allow: ['frontend > api TCP 80', 'frontend > api ICMP 8', 'api > vault TCP 80'],
    deny: ['database > api TCP 80', '203.0.113.9 > api TCP 80'],
  },
  {
    name: 'an empty rule allows nothing and makes deny the default',
    policies: [cilium(`{${API}, ingress: [{}]}`)],
    allow: ['api > vault TCP 80', 'frontend > database TCP 80'],
    deny: ['frontend > api TCP 80', '203.0.113.9 > api TCP 80'],
  },
  {
    name: 'an empty egress rule',
    policies: [cilium('{endpointSelector: {}, egress: [{}]}')],
    allow: ['teller > api TCP 80'],
    deny: ['frontend > api TCP 80', 'api > 203.0.113.9 TCP 443'],
  },
  {
    name: 'an empty list of rules does nothing',
    policies: [cilium(`{${API}, ingress: [], egress: []}`)],
    allow: ['frontend > api TCP 80', 'api > vault TCP 80'],
  },
  {
    name: 'enableDefaultDeny false: rules allow, nothing is denied by default',
    policies: [
      cilium(
        `{${API}, enableDefaultDeny: {ingress: false}, ingress: [{fromEndpoints: [${FRONTEND}]}]}`,
      ),
    ],
    allow: ['frontend > api TCP 80', 'teller > api TCP 80'],
  },
  {
    name: 'enableDefaultDeny false: deny rules still deny',
    policies: [
      cilium(
        `{${API}, enableDefaultDeny: {ingress: false},
            ingressDeny: [{fromEndpoints: [${FRONTEND}]}]}`,
      ),
    ],
    allow: ['database > api TCP 80', '203.0.113.9 > api TCP 80'],
    deny: ['frontend > api TCP 80'],
  },
  {
    name: 'enableDefaultDeny true without rules',
    policies: [cilium(`{${API}, enableDefaultDeny: {ingress: true, egress: true}}`)],
    deny: ['frontend > api TCP 80', 'api > database TCP 80'],
  },
  {
    name: 'any policy that asks for default deny gets it',
    policies: [
      cilium(
        `{${API}, enableDefaultDeny: {ingress: false}, ingress: [{fromEndpoints: [${FRONTEND}]}]}`,
        'shop',
        'a',
      ),
      cilium(`{${API}, ingress: [{fromEntities: [health]}]}`, 'shop', 'b'),
    ],
    allow: ['frontend > api TCP 80', 'health > api TCP 4240'],
    deny: ['database > api TCP 80'],
  },
  {
    name: 'deny rules alone make deny the default',
    policies: [cilium(`{${API}, ingressDeny: [{fromEndpoints: [${FRONTEND}]}]}`)],
    deny: ['frontend > api TCP 80', 'database > api TCP 80'],
  },
];

const endpoints: PolicyCase[] = [
  {
    name: 'an empty selector of peers means the policy’s namespace',
    policies: [cilium(`{${API}, ingress: [{fromEndpoints: [{}]}]}`)],
    allow: ['frontend > api TCP 80', 'database > api TCP 80'],
    deny: ['teller > api TCP 80', '203.0.113.9 > api TCP 80', 'remote-node > api TCP 80'],
  },
  {
    name: 'an empty list of peers selects nobody',
    policies: [cilium(`{${API}, ingress: [{fromEndpoints: []}]}`)],
    deny: ['frontend > api TCP 80'],
  },
  {
    name: 'an empty list of peers with ports selects nobody either',
    policies: [
      cilium(`{${API}, ingress: [{fromEndpoints: [], toPorts: [{ports: [{port: '80'}]}]}]}`),
    ],
    deny: ['frontend > api TCP 80'],
  },
  ...(
    ['fromEndpoints: [], fromCIDR: [203.0.113.0/24]', 'fromEndpoints: [{}], fromCIDR: []'] as const
  ).map((peers) => ({
    name: `an empty list of peers selects nobody, whatever stands beside it: ${peers}`,
    policies: [cilium(`{${API}, ingress: [{${peers}}]}`)],
    deny: ['203.0.113.9 > api TCP 80', 'frontend > api TCP 80'],
  })),
  {
    name: 'another namespace by its label',
    policies: [
      cilium(
        `{${API},
            ingress: [{fromEndpoints: [{matchLabels: {'k8s:io.kubernetes.pod.namespace': bank,
            app: frontend}}]}]}`,
      ),
    ],
    allow: ['teller > api TCP 80'],
    deny: ['frontend > api TCP 80', 'vault > api TCP 80'],
  },
  {
    name: 'another namespace without source in the key',
    policies: [
      cilium(
        `{${API},
            ingress: [{fromEndpoints: [{matchLabels: {io.kubernetes.pod.namespace: bank}}]}]}`,
      ),
    ],
    allow: ['teller > api TCP 80', 'vault > api TCP 80'],
    deny: ['frontend > api TCP 80'],
  },
  {
    name: 'any namespace by an expression',
    policies: [
      cilium(
        `{${API},
            ingress: [{fromEndpoints: [{matchExpressions: [
              {key: 'k8s:io.kubernetes.pod.namespace', operator: Exists}]}]}]}`,
      ),
    ],
    allow: ['teller > api TCP 80', 'frontend > api TCP 80'],
    deny: ['203.0.113.9 > api TCP 80'],
  },
  {
    name: 'a label of the peer’s namespace',
    policies: [
      cilium(
        `{${API},
            ingress: [{fromEndpoints: [{matchLabels: {
              'k8s:io.cilium.k8s.namespace.labels.team': blue}}]}]}`,
      ),
    ],
    allow: ['vault > api TCP 80'],
    deny: ['frontend > api TCP 80', 'dns > api TCP 80'],
  },
  {
    name: 'sources of labels',
    policies: [
      cilium(
        `{${API}, ingress: [{fromEndpoints: [{matchLabels: {'k8s:app': frontend}},
            {matchLabels: {'any:app': database}}]}]}`,
      ),
    ],
    allow: ['frontend > api TCP 80', 'database > api TCP 80'],
    deny: ['vault > api TCP 80'],
  },
  {
    name: 'a reserved label',
    policies: [
      cilium(`{${API}, ingress: [{fromEndpoints: [{matchLabels: {'reserved:remote-node': ''}}]}]}`),
    ],
    allow: ['remote-node > api TCP 80'],
    deny: ['frontend > api TCP 80', '203.0.113.9 > api TCP 80'],
  },
  {
    name: 'expressions In, NotIn and DoesNotExist together',
    policies: [
      cilium(
        `{${API}, ingress: [{fromEndpoints: [{matchExpressions: [{key: app, operator: In,
            values: [frontend, database]}, {key: tier, operator: NotIn, values: [web]},
            {key: old, operator: DoesNotExist}]}]}]}`,
      ),
    ],
    allow: ['database > api TCP 80'],
    deny: ['frontend > api TCP 80'],
  },
  {
    name: 'several specs',
    policies: [
      `{apiVersion: cilium.io/v2, kind: CiliumNetworkPolicy, metadata: {name: a,
          namespace: shop}, specs: [{${API}, ingress: [{fromEndpoints: [${FRONTEND}]}]},
          {endpointSelector: {matchLabels: {app: database}},
          ingress: [{fromEndpoints: [{matchLabels: {app: api}}]}]}]}`,
    ],
    allow: ['frontend > api TCP 80', 'api > database TCP 80'],
    deny: ['frontend > database TCP 80', 'database > api TCP 80'],
  },
];

const clusterwidePolicies: PolicyCase[] = [
  {
    name: 'selects endpoints of all namespaces',
    policies: [clusterwide('{endpointSelector: {matchLabels: {app: frontend}}, ingress: [{}]}')],
    deny: ['api > frontend TCP 80', 'api > teller TCP 80'],
    allow: ['frontend > api TCP 80'],
  },
  {
    name: 'an empty selector of peers means all endpoints, but no nodes and no world',
    policies: [clusterwide('{endpointSelector: {}, ingress: [{fromEndpoints: [{}]}]}')],
    allow: ['frontend > api TCP 80', 'teller > api TCP 80'],
    deny: ['203.0.113.9 > api TCP 80', 'remote-node > api TCP 80'],
  },
  {
    name: 'peers of all namespaces',
    policies: [clusterwide(`{${API}, ingress: [{fromEndpoints: [${FRONTEND}]}]}`)],
    allow: ['frontend > api TCP 80', 'teller > api TCP 80'],
    deny: ['database > api TCP 80'],
  },
  {
    name: 'subjects by namespace',
    policies: [
      clusterwide(
        `{endpointSelector: {matchExpressions: [{key: io.kubernetes.pod.namespace,
            operator: NotIn, values: [kube-system]}]}, ingress: [{fromEntities: [cluster]}]}`,
      ),
    ],
    allow: ['203.0.113.9 > dns UDP 53', 'teller > api TCP 80'],
    deny: ['203.0.113.9 > api TCP 80'],
  },
];

function entity(name: string): string {
  return cilium(`{${API}, ingress: [{fromEntities: [${name}]}]}`);
}

const entities: PolicyCase[] = [
  {
    name: 'all',
    policies: [entity('all')],
    allow: [
      'frontend > api TCP 80',
      'teller > api UDP 1',
      '203.0.113.9 > api GRE',
      'unmanaged > api TCP 1',
    ],
  },
  {
    name: 'world',
    policies: [entity('world')],
    allow: ['203.0.113.9 > api TCP 80', '2001:db8::1 > api TCP 80'],
    deny: ['frontend > api TCP 80', 'remote-node > api TCP 80'],
  },
  {
    name: 'world-ipv4',
    policies: [entity('world-ipv4')],
    allow: ['203.0.113.9 > api TCP 80'],
    deny: ['2001:db8::1 > api TCP 80'],
  },
  {
    name: 'world-ipv6',
    policies: [entity('world-ipv6')],
    allow: ['2001:db8::1 > api TCP 80'],
    deny: ['203.0.113.9 > api TCP 80'],
  },
  {
    name: 'cluster',
    policies: [entity('cluster')],
    allow: [
      'frontend > api TCP 80',
      'teller > api TCP 80',
      'remote-node > api TCP 80',
      'unmanaged > api TCP 80',
      'kube-apiserver > api TCP 80',
    ],
    deny: ['203.0.113.9 > api TCP 80'],
  },
  {
    name: 'host',
    policies: [entity('host')],
    allow: ['host > api TCP 80'],
    deny: ['remote-node > api TCP 80'],
    localHost: 'by-rules',
  },
  {
    name: 'remote-node',
    policies: [entity('remote-node')],
    allow: ['remote-node > api TCP 80'],
    deny: ['frontend > api TCP 80'],
  },
  {
    name: 'kube-apiserver',
    policies: [entity('kube-apiserver')],
    allow: ['kube-apiserver > api TCP 80'],
    deny: ['remote-node > api TCP 80'],
  },
  {
    name: 'health',
    policies: [entity('health')],
    allow: ['health > api TCP 4240'],
    deny: ['frontend > api TCP 4240'],
  },
  {
    name: 'unmanaged',
    policies: [entity('unmanaged')],
    allow: ['unmanaged > api TCP 80'],
    deny: ['frontend > api TCP 80'],
  },
  {
    name: 'init',
    policies: [entity('init')],
    allow: ['init > api TCP 80'],
    deny: ['frontend > api TCP 80', 'unmanaged > api TCP 80'],
  },
  {
    name: 'none',
    policies: [entity('none')],
    deny: ['frontend > api TCP 80', '203.0.113.9 > api TCP 80'],
  },
  {
    name: 'toEntities',
    policies: [
      cilium(
        `{${API}, egress: [{toEntities: [world], toPorts: [{ports: [{port: '443',
            protocol: TCP}]}]}]}`,
      ),
    ],
    allow: ['api > 203.0.113.9 TCP 443'],
    deny: ['api > 203.0.113.9 TCP 80', 'api > database TCP 443', 'api > host TCP 443'],
  },
];

const cidrs: PolicyCase[] = [
  {
    name: 'fromCIDR, also a bare address',
    policies: [cilium(`{${API}, ingress: [{fromCIDR: [203.0.113.0/25, 198.51.100.7]}]}`)],
    allow: ['203.0.113.9 > api TCP 80', '198.51.100.7 > api TCP 80'],
    deny: ['203.0.113.200 > api TCP 80', '198.51.100.8 > api TCP 80'],
  },
  {
    name: 'CIDR rules do not match what is managed',
    policies: [cilium(`{${API}, ingress: [{fromCIDR: [0.0.0.0/0]}]}`)],
    allow: ['203.0.113.9 > api TCP 80'],
    deny: ['frontend > api TCP 80', 'remote-node > api TCP 80', '2001:db8::1 > api TCP 80'],
  },
  {
    name: 'CIDRSet with except',
    policies: [
      cilium(
        `{${API}, egress: [{toCIDRSet: [{cidr: 203.0.113.0/24, except: [203.0.113.128/25]}]}]}`,
      ),
    ],
    allow: ['api > 203.0.113.9 TCP 443'],
    deny: ['api > 203.0.113.129 TCP 443', 'api > 198.51.100.1 TCP 443'],
  },
  {
    name: 'a CIDR that is denied inside one that is allowed',
    policies: [
      cilium(
        `{${API}, egress: [{toCIDR: [203.0.113.0/24]}], egressDeny: [{toCIDR: [203.0.113.64/26]}]}`,
      ),
    ],
    allow: ['api > 203.0.113.9 TCP 443', 'api > 203.0.113.128 TCP 443'],
    deny: ['api > 203.0.113.65 TCP 443'],
  },
  {
    name: 'a CIDR that is allowed inside one that is denied stays denied',
    policies: [
      cilium(
        `{${API}, egress: [{toCIDR: [203.0.113.64/26]}], egressDeny: [{toCIDR: [203.0.113.0/24]}]}`,
      ),
    ],
    deny: ['api > 203.0.113.65 TCP 443', 'api > 203.0.113.9 TCP 443'],
  },
];

const layer4: PolicyCase[] = [
  {
    name: 'toPorts without peers is for everybody',
    policies: [cilium(`{${API}, ingress: [{toPorts: [{ports: [{port: '80', protocol: TCP}]}]}]}`)],
    allow: ['frontend > api TCP 80', '203.0.113.9 > api TCP 80'],
    deny: ['frontend > api UDP 80', 'frontend > api TCP 81', 'frontend > api ICMP 8'],
  },
  {
    name: 'no protocol is TCP, UDP and SCTP',
    policies: [cilium(`{${API}, ingress: [{toPorts: [{ports: [{port: '80'}]}]}]}`)],
    allow: ['frontend > api TCP 80', 'frontend > api UDP 80', 'frontend > api SCTP 80'],
    deny: ['frontend > api ICMP 80', 'frontend > api GRE'],
  },
  {
    name: 'ANY is the same',
    policies: [cilium(`{${API}, ingress: [{toPorts: [{ports: [{port: '80', protocol: ANY}]}]}]}`)],
    allow: ['frontend > api TCP 80', 'frontend > api UDP 80'],
    deny: ['frontend > api TCP 81'],
  },
  {
    name: 'port 0 is all ports of the protocol',
    policies: [cilium(`{${API}, ingress: [{toPorts: [{ports: [{port: '0', protocol: UDP}]}]}]}`)],
    allow: ['frontend > api UDP 1', 'frontend > api UDP 65535'],
    deny: ['frontend > api TCP 1', 'frontend > api ICMP 8'],
  },
  {
    name: 'endPort',
    policies: [
      cilium(
        `{${API}, ingress: [{toPorts: [{ports: [{port: '80', endPort: 444, protocol: TCP}]}]}]}`,
      ),
    ],
    allow: ['frontend > api TCP 80', 'frontend > api TCP 444'],
    deny: ['frontend > api TCP 445', 'frontend > api TCP 79'],
  },
  {
    name: 'named ports on ingress, of any protocol',
    policies: [cilium(`{${API}, ingress: [{toPorts: [{ports: [{port: HTTP}, {port: stats}]}]}]}`)],
    allow: ['frontend > api TCP 8080', 'frontend > api UDP 9000'],
    deny: ['frontend > api UDP 8080', 'frontend > api TCP 9000', 'frontend > api TCP 80'],
  },
  {
    name: 'named ports on egress, and denied ones',
    policies: [
      cilium(
        `{endpointSelector: ${FRONTEND}, egress: [{toEndpoints: [{}]}],
            egressDeny: [{toEndpoints: [{matchLabels: {app: database}}],
            toPorts: [{ports: [{port: http, protocol: TCP}]}]}]}`,
      ),
    ],
    allow: ['frontend > api TCP 8080', 'frontend > api TCP 80', 'frontend > database TCP 5432'],
    deny: ['frontend > database TCP 80'],
  },
  {
    name: 'icmps by number and by name',
    policies: [
      cilium(
        `{${API}, ingress: [{icmps: [{fields: [{type: 8}, {family: IPv6, type: EchoRequest}]}]}]}`,
      ),
    ],
    allow: ['frontend > api ICMP 8', 'fd00::1 > api ICMPv6 128'],
    deny: ['frontend > api ICMP 0', 'fd00::1 > api ICMPv6 8', 'frontend > api TCP 8'],
  },
  {
    name: 'icmps of some peers',
    policies: [
      cilium(
        `{${API}, ingress: [{fromEndpoints: [${FRONTEND}], icmps: [{fields: [{family: IPv4,
            type: EchoRequest}]}]}]}`,
      ),
    ],
    allow: ['frontend > api ICMP 8'],
    deny: ['database > api ICMP 8'],
  },
];

const deny: PolicyCase[] = [
  {
    name: 'deny wins over allow, whatever the order',
    policies: [
      cilium(`{${API}, ingressDeny: [{fromEndpoints: [${FRONTEND}]}]}`, 'shop', 'a'),
      cilium(`{${API}, ingress: [{fromEndpoints: [{}]}]}`, 'shop', 'b'),
    ],
    allow: ['database > api TCP 80'],
    deny: ['frontend > api TCP 80'],
  },
  {
    name: 'deny wins over Kubernetes’ policies, too',
    policies: [
      kubernetes('{podSelector: {}, ingress: [{}]}', 'shop', 'a'),
      cilium(`{${API}, ingressDeny: [{fromEntities: [world]}]}`, 'shop', 'b'),
    ],
    allow: ['frontend > api TCP 80'],
    deny: ['203.0.113.9 > api TCP 80'],
  },
  {
    name: 'deny of one port',
    policies: [
      cilium(
        `{${API}, ingress: [{fromEntities: [all]}], ingressDeny: [{fromEntities: [all],
            toPorts: [{ports: [{port: '22', protocol: TCP}]}]}]}`,
      ),
    ],
    allow: [
      'frontend > api TCP 21',
      'frontend > api TCP 23',
      'frontend > api UDP 22',
      'frontend > api ICMP 8',
    ],
    deny: ['frontend > api TCP 22', '203.0.113.9 > api TCP 22', 'host > api TCP 22'],
  },
  {
    name: 'deny of ports without peers is for everybody',
    policies: [
      cilium(
        `{${API}, ingress: [{fromEntities: [all]}],
            ingressDeny: [{toPorts: [{ports: [{port: '22'}]}]}]}`,
      ),
    ],
    allow: ['frontend > api TCP 80'],
    deny: ['frontend > api TCP 22', 'teller > api UDP 22'],
  },
  {
    name: 'an empty deny rule denies nobody by itself',
    policies: [cilium(`{${API}, ingress: [{fromEndpoints: [${FRONTEND}]}], ingressDeny: [{}]}`)],
    allow: ['frontend > api TCP 80'],
    deny: ['database > api TCP 80'],
  },
  {
    name: 'deny wins over the local host’s right',
    policies: [cilium(`{${API}, ingressDeny: [{fromEntities: [host]}]}`)],
    deny: ['host > api TCP 80'],
  },
  {
    name: 'egressDeny',
    policies: [
      cilium(
        `{${API}, egress: [{toEntities: [all]}],
            egressDeny: [{toEndpoints: [{matchLabels: {app: database}}]}]}`,
      ),
    ],
    allow: ['api > frontend TCP 80', 'api > 203.0.113.9 TCP 443'],
    deny: ['api > database TCP 80'],
  },
];

runCases('isolation', isolation);
runCases('endpoints', endpoints);
runCases('clusterwide', clusterwidePolicies);
runCases('entities', entities);
runCases('cidr', cidrs);
runCases('layer 4', layer4);
runCases('deny', deny);
