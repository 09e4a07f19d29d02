// tidy: table: policies, and the traffic that they let pass or not
import { kubernetes, type PolicyCase, runCases } from './policy-cases.ts';

const API = 'podSelector: {matchLabels: {app: api}}';

const isolation: PolicyCase[] = [
  {
    name: 'without policies everything passes',
    policies: [],
    allow: ['frontend > api TCP 80', 'teller > api UDP 53', '203.0.113.9 > api ICMP 8'],
  },
  {
    name: 'default deny of all ingress',
    policies: [kubernetes('{podSelector: {}, policyTypes: [Ingress]}')],
    allow: ['api > vault TCP 80', 'frontend > dns UDP 53'],
    deny: ['frontend > api TCP 80', 'teller > api TCP 80', '203.0.113.9 > database TCP 5432'],
  },
  {
    name: 'default deny of all egress',
    policies: [kubernetes('{podSelector: {}, policyTypes: [Egress]}')],
    allow: ['teller > api TCP 80', '203.0.113.9 > api TCP 80'],
    deny: ['frontend > api TCP 80', 'api > dns UDP 53', 'api > 203.0.113.9 TCP 443'],
  },
  {
    name: 'default deny of both',
    policies: [kubernetes('{podSelector: {}, policyTypes: [Ingress, Egress]}')],
    allow: ['teller > vault TCP 80'],
    deny: ['teller > api TCP 80', 'api > teller TCP 80', 'frontend > api ICMP 8'],
  },
  {
    name: 'allow all ingress, also where another policy denies by default',
    policies: [
      kubernetes('{podSelector: {}}', 'shop', 'deny'),
      kubernetes('{podSelector: {}, ingress: [{}]}', 'shop', 'allow'),
    ],
    allow: [
      'teller > api TCP 80',
      '203.0.113.9 > api UDP 1',
      'frontend > api ICMP 8',
      'frontend > api GRE',
    ],
  },
  {
    name: 'allow all egress',
    policies: [kubernetes('{podSelector: {}, policyTypes: [Egress], egress: [{}]}')],
    allow: ['api > 203.0.113.9 TCP 443', 'api > dns UDP 53'],
  },
  {
    name: 'without policyTypes only ingress is isolated',
    policies: [kubernetes(`{${API}}`)],
    allow: ['api > vault TCP 80'],
    deny: ['frontend > api TCP 80'],
  },
  {
    name: 'without policyTypes, egress rules isolate both directions',
    policies: [kubernetes(`{${API}, egress: [{ports: [{port: 53, protocol: UDP}]}]}`)],
    allow: ['api > dns UDP 53'],
    deny: ['api > vault TCP 80', 'frontend > api TCP 80'],
  },
  {
    name: 'an empty list of egress rules isolates ingress only, without policyTypes',
    policies: [kubernetes(`{${API}, egress: []}`)],
    allow: ['api > vault TCP 80'],
    deny: ['frontend > api TCP 80'],
  },
  {
    name: 'rules of a direction that policyTypes leaves out do nothing',
    policies: [kubernetes(`{${API}, policyTypes: [Egress], ingress: [], egress: [{}]}`)],
    allow: ['frontend > api TCP 80', 'api > vault TCP 80'],
  },
  {
    name: 'a policy without spec isolates its namespace',
    policies: [
      `{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {name: a,
          namespace: shop}}`,
    ],
    deny: ['frontend > api TCP 80'],
    allow: ['api > teller TCP 80'],
  },
  {
    name: 'a policy is about its own namespace only',
    policies: [kubernetes('{podSelector: {matchLabels: {app: frontend}}}')],
    deny: ['api > frontend TCP 80'],
    allow: ['api > teller TCP 80'],
  },
  {
    name: 'policies add up',
    policies: [
      kubernetes(
        `{${API}, ingress: [{from: [{podSelector: {matchLabels: {app: frontend}}}]}]}`,
        'shop',
        'a',
      ),
      kubernetes(
        `{${API}, ingress: [{from: [{podSelector: {matchLabels: {app: database}}}]}]}`,
        'shop',
        'b',
      ),
    ],
    allow: ['frontend > api TCP 1', 'database > api TCP 1'],
    deny: ['teller > api TCP 1'],
  },
  {
    name: 'both ends must allow',
    policies: [
      kubernetes(
        `{${API}, ingress: [{from: [{podSelector: {matchLabels: {app: frontend}}}]}]}`,
        'shop',
        'a',
      ),
      kubernetes(
        '{podSelector: {matchLabels: {app: frontend}}, policyTypes: [Egress]}',
        'shop',
        'b',
      ),
    ],
    deny: ['frontend > api TCP 80'],
  },
];

const peers: PolicyCase[] = [
  {
    name: 'podSelector means the policy’s own namespace',
    policies: [
      kubernetes(`{${API}, ingress: [{from: [{podSelector: {matchLabels: {app: frontend}}}]}]}`),
    ],
    allow: ['frontend > api TCP 80'],
    deny: ['teller > api TCP 80', 'database > api TCP 80', '203.0.113.9 > api TCP 80'],
  },
  {
    name: 'an empty podSelector means all of the namespace',
    policies: [kubernetes(`{${API}, ingress: [{from: [{podSelector: {}}]}]}`)],
    allow: ['frontend > api TCP 80', 'database > api TCP 80'],
    deny: ['teller > api TCP 80', '203.0.113.9 > api TCP 80'],
  },
  {
    name: 'namespaceSelector by label',
    policies: [
      kubernetes(`{${API}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: blue}}}]}]}`),
    ],
    allow: ['teller > api TCP 80', 'vault > api TCP 80'],
    deny: ['frontend > api TCP 80', 'dns > api TCP 80'],
  },
  {
    name: 'namespaceSelector by the name that Kubernetes sets',
    policies: [
      kubernetes(
        `{${API},
            ingress: [{from: [{namespaceSelector: {matchLabels: {
              kubernetes.io/metadata.name: kube-system}}}]}]}`,
      ),
    ],
    allow: ['dns > api TCP 80'],
    deny: ['teller > api TCP 80'],
  },
  {
    name: 'an empty namespaceSelector means all pods, but nothing else',
    policies: [kubernetes(`{${API}, ingress: [{from: [{namespaceSelector: {}}]}]}`)],
    allow: ['frontend > api TCP 80', 'teller > api TCP 80', 'dns > api TCP 80'],
    deny: ['203.0.113.9 > api TCP 80', 'remote-node > api TCP 80', 'unmanaged > api TCP 80'],
  },
  {
    name: 'both selectors in one entry: both must match',
    policies: [
      kubernetes(
        `{${API}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: blue}},
            podSelector: {matchLabels: {app: frontend}}}]}]}`,
      ),
    ],
    allow: ['teller > api TCP 80'],
    deny: ['vault > api TCP 80', 'frontend > api TCP 80'],
  },
  {
    name: 'the selectors in two entries: either may match',
    policies: [
      kubernetes(
        `{${API}, ingress: [{from: [{namespaceSelector: {matchLabels: {team: blue}}},
            {podSelector: {matchLabels: {app: frontend}}}]}]}`,
      ),
    ],
    allow: ['teller > api TCP 80', 'vault > api TCP 80', 'frontend > api TCP 80'],
    deny: ['database > api TCP 80'],
  },
  {
    name: 'an empty list of peers means everybody',
    policies: [kubernetes(`{${API}, ingress: [{from: [], ports: [{port: 80}]}]}`)],
    allow: ['teller > api TCP 80', '203.0.113.9 > api TCP 80'],
    deny: ['teller > api TCP 81'],
  },
  {
    name: 'matchExpressions In',
    policies: [
      kubernetes(
        `{${API}, ingress: [{from: [{podSelector: {matchExpressions: [{key: app, operator: In,
            values: [frontend, worker]}]}}]}]}`,
      ),
    ],
    allow: ['frontend > api TCP 80'],
    deny: ['database > api TCP 80'],
  },
  {
    name: 'matchExpressions NotIn',
    policies: [
      kubernetes(
        `{${API}, ingress: [{from: [{podSelector: {matchExpressions: [{key: app,
            operator: NotIn, values: [frontend]}]}}]}]}`,
      ),
    ],
    allow: ['database > api TCP 80'],
    deny: ['frontend > api TCP 80', 'vault > api TCP 80'],
  },
  {
    name: 'NotIn matches what lacks the key',
    policies: [
      kubernetes(
        `{${API}, ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: team,
            operator: NotIn, values: [blue, red]}]}}]}]}`,
      ),
    ],
    allow: ['dns > api TCP 80'],
    deny: ['teller > api TCP 80', 'frontend > api TCP 80', '203.0.113.9 > api TCP 80'],
  },
  {
    name: 'matchExpressions Exists',
    policies: [
      kubernetes(
        `{${API},
            ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: example.com/audited,
            operator: Exists}]}}]}]}`,
      ),
    ],
    allow: ['vault > api TCP 80'],
    deny: ['frontend > api TCP 80', 'dns > api TCP 80'],
  },
  {
    name: 'matchExpressions DoesNotExist',
    policies: [
      kubernetes(
        `{${API}, ingress: [{from: [{namespaceSelector: {matchExpressions: [{key: team,
            operator: DoesNotExist}]}}]}]}`,
      ),
    ],
    allow: ['dns > api TCP 80'],
    deny: ['vault > api TCP 80', '203.0.113.9 > api TCP 80'],
  },
  {
    name: 'labels and expressions of a selector must all match',
    policies: [
      kubernetes(
        `{podSelector: {matchLabels: {tier: backend}, matchExpressions: [{key: app,
            operator: NotIn, values: [api]}]}}`,
      ),
    ],
    allow: ['frontend > api TCP 80'],
    deny: ['frontend > database TCP 80'],
  },
];

const blocks: PolicyCase[] = [
  {
    name: 'ipBlock',
    policies: [kubernetes(`{${API}, ingress: [{from: [{ipBlock: {cidr: 203.0.113.0/24}}]}]}`)],
    allow: ['203.0.113.9 > api TCP 80', '203.0.113.255 > api UDP 1'],
    deny: ['203.0.114.0 > api TCP 80', 'frontend > api TCP 80'],
  },
  {
    name: 'ipBlock with except',
    policies: [
      kubernetes(
        `{${API}, ingress: [{from: [{ipBlock: {cidr: 203.0.113.0/24,
            except: [203.0.113.128/25]}}]}]}`,
      ),
    ],
    allow: ['203.0.113.127 > api TCP 80'],
    deny: ['203.0.113.128 > api TCP 80'],
  },
  {
    name: 'what one entry excepts another may allow',
    policies: [
      kubernetes(
        `{${API}, ingress: [{from: [{ipBlock: {cidr: 203.0.113.0/24,
            except: [203.0.113.128/25]}}, {ipBlock: {cidr: 203.0.113.200/32}}]}]}`,
      ),
    ],
    allow: ['203.0.113.1 > api TCP 80', '203.0.113.200 > api TCP 80'],
    deny: ['203.0.113.201 > api TCP 80'],
  },
  {
    name: 'ipBlock of all addresses matches pods and nodes, too',
    policies: [kubernetes(`{${API}, ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]}`)],
    allow: ['frontend > api TCP 80', '203.0.113.9 > api TCP 80', 'remote-node > api TCP 80'],
    deny: ['fd00::1 > api TCP 80', '2001:db8::1 > api TCP 80'],
  },
  {
    name: 'ipBlock matches a pod by each of its addresses apart',
    policies: [kubernetes(`{${API}, ingress: [{from: [{ipBlock: {cidr: fd00::/64}}]}]}`)],
    allow: ['fd00::1 > api TCP 80'],
    deny: ['10.0.0.1 > api TCP 80'],
  },
  {
    name: 'ipBlock of IPv6',
    policies: [
      kubernetes(
        `{${API}, policyTypes: [Egress], egress: [{to: [{ipBlock: {cidr: '2001:db8::/32',
            except: ['2001:db8:1::/48']}}]}]}`,
      ),
    ],
    allow: ['api > 2001:db8::1 TCP 443'],
    deny: ['api > 2001:db8:1::1 TCP 443', 'api > 203.0.113.9 TCP 443'],
  },
  {
    name: 'bits beyond the prefix are ignored',
    policies: [kubernetes(`{${API}, ingress: [{from: [{ipBlock: {cidr: 203.0.113.77/24}}]}]}`)],
    allow: ['203.0.113.1 > api TCP 80'],
    deny: ['203.0.112.1 > api TCP 80'],
  },
];

const ports: PolicyCase[] = [
  {
    name: 'a port is TCP unless said otherwise',
    policies: [kubernetes(`{${API}, ingress: [{ports: [{port: 80}]}]}`)],
    allow: ['frontend > api TCP 80'],
    deny: [
      'frontend > api UDP 80',
      'frontend > api TCP 81',
      'frontend > api TCP 79',
      'frontend > api ICMP 8',
    ],
  },
  {
    name: 'UDP and SCTP',
    policies: [
      kubernetes(
        `{${API}, ingress: [{ports: [{port: 53, protocol: UDP}, {port: 132, protocol: SCTP}]}]}`,
      ),
    ],
    allow: ['frontend > api UDP 53', 'frontend > api SCTP 132'],
    deny: ['frontend > api TCP 53', 'frontend > api UDP 132'],
  },
  {
    name: 'a protocol without port is all its ports',
    policies: [kubernetes(`{${API}, ingress: [{ports: [{protocol: UDP}]}]}`)],
    allow: ['frontend > api UDP 1', 'frontend > api UDP 65535'],
    deny: ['frontend > api TCP 1', 'frontend > api ICMP 8'],
  },
  {
    name: 'an empty list of ports is every port and protocol',
    policies: [kubernetes(`{${API}, ingress: [{ports: [], from: [{podSelector: {}}]}]}`)],
    allow: ['frontend > api TCP 1', 'frontend > api ICMP 8', 'frontend > api GRE'],
    deny: ['teller > api TCP 1'],
  },
  {
    name: 'endPort is included',
    policies: [kubernetes(`{${API}, ingress: [{ports: [{port: 8000, endPort: 8002}]}]}`)],
    allow: ['frontend > api TCP 8000', 'frontend > api TCP 8001', 'frontend > api TCP 8002'],
    deny: ['frontend > api TCP 7999', 'frontend > api TCP 8003'],
  },
  {
    name: 'the whole range of ports',
    policies: [kubernetes(`{${API}, ingress: [{ports: [{port: 1, endPort: 65535}]}]}`)],
    allow: ['frontend > api TCP 1', 'frontend > api TCP 65535'],
    deny: ['frontend > api TCP 0', 'frontend > api UDP 1'],
  },
  {
    name: 'overlapping ranges of different peers',
    policies: [
      kubernetes(
        `{${API}, ingress: [{from: [{podSelector: {matchLabels: {app: frontend}}}],
            ports: [{port: 80, endPort: 90}]},
            {from: [{podSelector: {matchLabels: {app: database}}}], ports: [{port: 85,
            endPort: 95}]}]}`,
      ),
    ],
    allow: [
      'frontend > api TCP 84',
      'frontend > api TCP 90',
      'database > api TCP 85',
      'database > api TCP 95',
    ],
    deny: ['frontend > api TCP 91', 'database > api TCP 84', 'database > api TCP 96'],
  },
  {
    name: 'a named port on ingress is the subject’s own',
    policies: [kubernetes('{podSelector: {}, ingress: [{ports: [{port: http}]}]}')],
    allow: ['frontend > api TCP 8080', 'frontend > database TCP 80'],
    deny: ['frontend > api TCP 80', 'frontend > database TCP 8080', 'api > frontend TCP 80'],
  },
  {
    name: 'a named port has the protocol that the pod gave it',
    policies: [
      kubernetes(`{${API}, ingress: [{ports: [{port: stats}, {port: http, protocol: UDP}]}]}`),
    ],
    deny: ['frontend > api TCP 9000', 'frontend > api UDP 9000', 'frontend > api UDP 8080'],
  },
  {
    name: 'a named port of UDP',
    policies: [kubernetes(`{${API}, ingress: [{ports: [{port: stats, protocol: UDP}]}]}`)],
    allow: ['frontend > api UDP 9000'],
  },
  {
    name: 'a named port on egress is each destination’s own',
    policies: [
      kubernetes(
        `{podSelector: {matchLabels: {app: frontend}}, policyTypes: [Egress],
            egress: [{ports: [{port: http}]}]}`,
      ),
    ],
    allow: ['frontend > api TCP 8080', 'frontend > database TCP 80'],
    deny: [
      'frontend > api TCP 80',
      'frontend > database TCP 8080',
      'frontend > teller TCP 80',
      'frontend > 203.0.113.9 TCP 80',
    ],
  },
  {
    name: 'a named port on egress, to selected peers',
    policies: [
      kubernetes(
        `{podSelector: {matchLabels: {app: frontend}}, policyTypes: [Egress],
            egress: [{to: [{podSelector: {matchLabels: {app: api}}}], ports: [{port: http}]}]}`,
      ),
    ],
    allow: ['frontend > api TCP 8080'],
    deny: ['frontend > database TCP 80'],
  },
  {
    name: 'peers and ports of one rule must both match',
    policies: [
      kubernetes(
        `{${API}, ingress: [{from: [{podSelector: {matchLabels: {app: frontend}}}],
            ports: [{port: 80}]}, {from: [{podSelector: {matchLabels: {app: database}}}],
            ports: [{port: 443}]}]}`,
      ),
    ],
    allow: ['frontend > api TCP 80', 'database > api TCP 443'],
    deny: ['frontend > api TCP 443', 'database > api TCP 80'],
  },
  {
    name: 'DNS only',
    policies: [
      kubernetes(
        `{podSelector: {}, policyTypes: [Egress], egress: [{to: [{namespaceSelector: {},
            podSelector: {matchLabels: {k8s-app: kube-dns}}}], ports: [{port: 53,
            protocol: UDP}, {port: 53}]}]}`,
      ),
    ],
    allow: ['frontend > dns UDP 53', 'frontend > dns TCP 53'],
    deny: ['frontend > dns TCP 80', 'frontend > api UDP 53', 'frontend > 203.0.113.9 UDP 53'],
  },
];

const nodes: PolicyCase[] = [
  {
    name: 'the local host reaches isolated pods',
    policies: [kubernetes('{podSelector: {}}')],
    allow: ['host > api TCP 80', 'host > api ICMP 8'],
    deny: ['remote-node > api TCP 80', 'frontend > api TCP 80'],
  },
  {
    name: 'the local host is as others, if so chosen',
    policies: [kubernetes('{podSelector: {}}')],
    deny: ['host > api TCP 80'],
    localHost: 'by-rules',
  },
  {
    name: 'egress to the local host needs a rule',
    policies: [kubernetes('{podSelector: {}, policyTypes: [Egress]}')],
    deny: ['api > host TCP 80'],
  },
];

runCases('isolation', isolation);
runCases('peers', peers);
runCases('ipBlock', blocks);
runCases('ports', ports);
runCases('nodes', nodes);
