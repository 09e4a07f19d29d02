/** Policies of live tests that several of them apply. */

/** Of bert, who lets only anna in. */
export const ONLY_ANNA = `
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: bert, namespace: test }
spec:
  podSelector: { matchLabels: { app: bert } }
  ingress: [{ from: [{ podSelector: { matchLabels: { app: anna } } }] }]
`;
