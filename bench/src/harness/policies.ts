/** Policies as users write them, in any number. */

/** The receiver's port 443 is open to `app: sender`; the sender may speak to port 443 of all. */
export const openPort443 = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: sender, namespace: bench }
spec:
  podSelector: { matchLabels: { app: sender } }
  policyTypes: [Egress]
  egress: [{ ports: [{ port: 443 }] }]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: receiver, namespace: bench }
spec:
  podSelector: { matchLabels: { app: receiver } }
  ingress: [{ from: [{ podSelector: { matchLabels: { app: sender } } }], ports: [{ port: 443 }] }]
`;

/** `count` policies of the receiver, each with one rule that lets in one app that nobody is. */
export function otherRules(count: number, first = 0): string {
  return Array.from({ length: count }, (_, index) => rule(first + index)).join('---');
}

function rule(number: number): string {
  return `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: rule-${number}, namespace: bench }
spec:
  podSelector: { matchLabels: { app: receiver } }
  ingress:
    - from: [{ podSelector: { matchLabels: { app: other-${number} } } }]
      ports: [{ port: 443 }]
`;
}

/** One policy that lets `app: sender` in at one more port of the receiver. */
export function openPort(port: number): string {
  return `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: port-${port}, namespace: bench }
spec:
  podSelector: { matchLabels: { app: receiver } }
  ingress:
    - from: [{ podSelector: { matchLabels: { app: sender } } }]
      ports: [{ port: ${port} }]
`;
}
