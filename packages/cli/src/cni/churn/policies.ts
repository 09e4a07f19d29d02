/** What is in force during the churn: what stays, what comes and goes, and what only makes work. */
import { WAVES } from './runtimes.ts';

/** Serves HTTP on 8080, a line of text on 9090, an echo on 7000. */
export const SERVE = [
  '/bin/sh',
  '-c',
  '/bin/busybox httpd -p 8080; ' +
    '/bin/busybox nc -ll -p 7000 -e /bin/busybox cat & ' +
    'exec /bin/busybox nc -ll -p 9090 -e /bin/busybox echo nine',
];
/** Serves HTTP on 8080. */
export const SERVE_WEB = ['/bin/busybox', 'httpd', '-f', '-p', '8080'];
/** Goes on until it is ended. */
export const SLEEP = ['/bin/busybox', 'sleep', '10000'];

/** In force all the time: clients reach servers and webs on 8080, and servers' echo. */
export const STAYING = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: server, namespace: default }
spec:
  podSelector: { matchLabels: { app: server } }
  ingress:
    - from: [{ podSelector: { matchLabels: { app: client } } }]
      ports: [{ port: 8080 }, { port: 7000 }]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: web, namespace: default }
spec:
  podSelector: { matchLabels: { app: web } }
  ingress:
    - from: [{ podSelector: { matchLabels: { app: client } } }]
      ports: [{ port: 8080 }]
`;

/** While it is in force, strangers reach servers on 9090. */
export const COMING_AND_GOING = `
apiVersion: cilium.io/v2
kind: CiliumNetworkPolicy
metadata: { name: server-9090, namespace: default }
spec:
  endpointSelector: { matchLabels: { app: server } }
  ingress:
    - fromEndpoints: [{ matchLabels: { app: stranger } }]
      toPorts: [{ ports: [{ port: "9090", protocol: TCP }] }]
`;
/** Of {@link COMING_AND_GOING}. */
export const COMING_AND_GOING_KEY = 'CiliumNetworkPolicy/default/server-9090';
/** Of what the others are made of. */
export const STAYING_KEYS = ['server', 'web'].map((name) => `NetworkPolicy/default/${name}`);

/** Documents that only make work may be so many. */
export const BYSTANDERS = 12;

/** Allows webs of one wave what nobody asks: other groups, prefixes and programs each time. */
export function bystander(number: number, turn: number): { yaml: string; key: string } {
  const name = `bystander-${number}`;
  const [wave, third] = [turn % WAVES, turn % 256];
  const yaml = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: ${name}, namespace: default }
spec:
  podSelector: { matchLabels: { app: web, wave: "${wave}" } }
  ingress:
    - from:
        - ipBlock: { cidr: 198.18.${third}.0/24, except: [198.18.${third}.${number}/32] }
        - podSelector: { matchLabels: { wave: "${(wave + 1) % WAVES}", app: nobody-${number} } }
      ports: [{ port: ${10_000 + turn} }]
`;
  return { yaml, key: `NetworkPolicy/default/${name}` };
}
