/** What the tests with real container runtimes enforce: who may reach which port of the server. */

/** Port 8080 for the client, nothing for anybody else. */
export const NETWORK_POLICY = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: server, namespace: default }
spec:
  podSelector: { matchLabels: { app: server } }
  ingress:
    - from: [{ podSelector: { matchLabels: { app: client } } }]
      ports: [{ port: 8080 }]
`;

/** Port 9090 for the stranger. */
export const CILIUM_POLICY = `
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: server-9090, namespace: default }
spec:
  endpointSelector: { matchLabels: { app: server } }
  ingress:
    - fromEndpoints: [{ matchLabels: { app: stranger } }]
      toPorts: [{ ports: [{ port: "9090", protocol: TCP }] }]
`;

/** Serves HTTP on 8080 and a line of text on 9090. */
export const SERVE =
  '/bin/busybox httpd -p 8080 && exec /bin/busybox nc -ll -p 9090 -e /bin/busybox echo nine';

/** Asks once; prints what the server says, or nothing. */
export function askCommand(address: string, port: number): string[] {
  const request = `printf 'GET / HTTP/1.0\\r\\n\\r\\n' | /bin/busybox nc -w 2 ${address} ${port}`;
  return ['/bin/sh', '-c', request];
}

/** What the server answers on each of its ports. */
export const ANSWERS: Readonly<Record<number, RegExp>> = { 8080: /HTTP\/1\./, 9090: /nine/ };

/** Who reaches what, by step: before any policy, under the first, under both. */
export const STEPS: readonly {
  readonly name: string;
  readonly apply?: string;
  readonly want: readonly (readonly [from: string, port: number, isAnswered: boolean])[];
}[] = [
  {
    name: 'no policy',
    want: [
      ['client', 8080, true],
      ['stranger', 9090, true],
    ],
  },
  {
    name: 'a NetworkPolicy',
    apply: NETWORK_POLICY,
    want: [
      ['client', 8080, true],
      ['client', 9090, false],
      ['stranger', 8080, false],
      ['stranger', 9090, false],
    ],
  },
  {
    name: 'a CiliumNetworkPolicy besides',
    apply: CILIUM_POLICY,
    want: [
      ['client', 8080, true],
      ['client', 9090, false],
      ['stranger', 8080, false],
      ['stranger', 9090, true],
    ],
  },
];
