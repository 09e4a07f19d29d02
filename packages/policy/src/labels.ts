/**
 * Labels and label selectors.
 *
 * A label is `source:key=value`. Sources: `k8s` (from Kubernetes or the lab), `reserved` (nodes,
 * the world), `unspec` where none was given. In a selector the source `any` stands for all of them.
 */

/** One label. */
export interface Label {
  readonly source: string;
  readonly key: string;
  readonly value: string;
}

/** A set of labels in canonical order, with one value for each `source:key`. */
export interface Labels {
  /** Sorted by source, then key. */
  readonly list: readonly Label[];
  /** Equal text, equal labels, whatever signs they have; {@link readCanonical} reads it. */
  readonly canonical: string;
  /** Values by key, whatever the source; the inner map is by source. */
  readonly byKey: ReadonlyMap<string, ReadonlyMap<string, string>>;
}

/** What a selector demands of one key. */
export interface Requirement {
  /** `any` for all sources. */
  readonly source: string;
  readonly key: string;
  readonly operator: 'In' | 'NotIn' | 'Exists' | 'DoesNotExist';
  /** Sorted; empty for `Exists` and `DoesNotExist`. */
  readonly values: readonly string[];
}

/** All requirements must hold; none at all: everything that has labels matches. */
export interface LabelSelector {
  readonly requirements: readonly Requirement[];
  /** Equal text, equal selector. */
  readonly canonical: string;
}

/** The label of Kubernetes that holds a pod's namespace, of source `k8s`. */
export const NAMESPACE_KEY = 'io.kubernetes.pod.namespace';
/** What precedes the keys that say where a workload is; nobody may give such a label to itself. */
export const PLACE_PREFIX = 'io.cilium.k8s.';
/** What precedes the labels of a pod's namespace among its own, of source `k8s`. */
export const NAMESPACE_LABELS_PREFIX = `${PLACE_PREFIX}namespace.labels.`;

/** Text that is not a label. */
export class LabelError extends Error {
  readonly code = 'ERR_LABEL';
  constructor(
    readonly found: string,
    readonly expected: string,
  ) {
    super(`label '${found}': expected ${expected}`);
  }
}

/**
 * Reads `source:key=value`, `key=value` or `key`.
 *
 * @throws LabelError where there is no key.
 */
export function parseLabel(text: string, defaultSource = 'unspec'): Label {
  const equals = text.indexOf('=');
  const name = equals < 0 ? text : text.slice(0, equals);
  const { source, key } = splitSource(name, defaultSource);
  if (key === '') throw new LabelError(text, 'source:key=value');
  return { source, key, value: equals < 0 ? '' : text.slice(equals + 1) };
}

/** Splits `source:key`; a key of Kubernetes has no colon, so that the first one ends the source. */
export function splitSource(text: string, defaultSource: string): { source: string; key: string } {
  const colon = text.indexOf(':');
  if (colon < 0) return { source: defaultSource, key: text };
  return { source: text.slice(0, colon), key: text.slice(colon + 1) };
}

/** `source:key=value`. */
export function formatLabel(label: Label): string {
  return `${label.source}:${label.key}=${label.value}`;
}

/** The canonical set; of labels with equal source and key the last one stays. */
export function makeLabels(labels: Iterable<Label>): Labels {
  const byKey = new Map<string, Map<string, string>>();
  for (const { source, key, value } of labels) {
    const sources = byKey.get(key) ?? new Map<string, string>();
    byKey.set(key, sources.set(source, value));
  }
  const list: Label[] = [];
  for (const [key, sources] of byKey) {
    for (const [source, value] of sources) list.push({ source, key, value });
  }
  list.sort((a, b) => compareText(a.source, b.source) || compareText(a.key, b.key));
  return { list, canonical: canonicalText(list), byKey };
}

/**
 * Keys and values come from containers, which may write in them what they like: only a text that
 * quotes them keeps apart what is not the same.
 */
function canonicalText(list: readonly Label[]): string {
  return JSON.stringify(list.map(({ source, key, value }) => [source, key, value]));
}

/** The labels of a canonical text. */
export function readCanonical(text: string): Label[] {
  const list = JSON.parse(text) as [source: string, key: string, value: string][];
  return list.map(([source, key, value]) => ({ source, key, value }));
}

/**
 * The labels of a workload of Kubernetes or of the lab, as policy sees them: its own, its namespace
 * and the labels of its namespace, all of source `k8s`. What its own ones say of its place is left
 * out: whoever builds an image chooses them.
 */
export function workloadLabels(
  own: Readonly<Record<string, string>>,
  namespace: string,
  namespaceLabels: Readonly<Record<string, string>> = {},
): Labels {
  const labels: Label[] = [];
  const add = (key: string, value: string) => labels.push({ source: 'k8s', key, value });
  for (const [key, value] of Object.entries(own)) {
    if (!key.startsWith(PLACE_PREFIX)) add(key, value);
  }
  for (const [key, value] of Object.entries(namespaceLabels)) {
    add(NAMESPACE_LABELS_PREFIX + key, value);
  }
  add(NAMESPACE_LABELS_PREFIX + NAMESPACE_NAME_KEY, namespace);
  add(NAMESPACE_KEY, namespace);
  return makeLabels(labels);
}

/** What tells a node from an endpoint among subjects. */
export const HOST_LABEL = { source: 'reserved', key: 'host' } as const;

/** The labels of a node as policy's subject: its own, of source `k8s`, and `reserved:host`. */
export function nodeLabels(own: Readonly<Record<string, string>>): Labels {
  const labels = Object.entries(own).map(([key, value]) => ({ source: 'k8s', key, value }));
  return makeLabels([...labels, { ...HOST_LABEL, value: '' }]);
}

/** Kubernetes sets this label on every namespace by itself. */
const NAMESPACE_NAME_KEY = 'kubernetes.io/metadata.name';

/** The labels of a reserved identity, such as `reserved:host`. */
export function reservedLabels(...names: readonly string[]): Labels {
  return makeLabels(names.map((key) => ({ source: 'reserved', key, value: '' })));
}

/** Whether some label has this source and key. */
export function hasLabelKey(labels: Labels, source: string, key: string): boolean {
  return labels.byKey.get(key)?.has(source) ?? false;
}

/** The canonical selector of these requirements; equal ones are joined. */
export function makeSelector(requirements: Iterable<Requirement>): LabelSelector {
  const byText = new Map<string, Requirement>();
  for (const requirement of requirements) {
    const values = [...new Set(requirement.values)].sort(compareText);
    const canonical = { ...requirement, values };
    byText.set(formatRequirement(canonical), canonical);
  }
  const sorted = [...byText].sort(([a], [b]) => compareText(a, b));
  return {
    requirements: sorted.map(([, requirement]) => requirement),
    canonical: sorted.map(([text]) => text).join(' && '),
  };
}

/** `k8s:app in (a,b)`, `k8s:app`, `!k8s:app`, `k8s:app notin (a)`. */
export function formatRequirement(requirement: Requirement): string {
  const name = quoteUnusual(`${requirement.source}:${requirement.key}`);
  const values = requirement.values.map((value) => JSON.stringify(value)).join(',');
  switch (requirement.operator) {
    case 'In':
      return `${name} in (${values})`;
    case 'NotIn':
      return `${name} notin (${values})`;
    case 'Exists':
      return name;
    case 'DoesNotExist':
      return `!${name}`;
  }
}

/** As it is, or in quotes where it has signs that a key of Kubernetes has not. */
function quoteUnusual(name: string): string {
  return /^[\w./:-]+$/.test(name) ? name : JSON.stringify(name);
}

/** Whether the labels meet every requirement. A key that is absent is `NotIn` any values. */
export function selectorMatches(selector: LabelSelector, labels: Labels): boolean {
  return selector.requirements.every((requirement) => requirementMatches(requirement, labels));
}

function requirementMatches(requirement: Requirement, labels: Labels): boolean {
  const found = valuesOf(labels, requirement);
  const isIn = () => found.some((value) => requirement.values.includes(value));
  switch (requirement.operator) {
    case 'In':
      return isIn();
    case 'NotIn':
      return !isIn();
    case 'Exists':
      return found.length > 0;
    case 'DoesNotExist':
      return found.length === 0;
  }
}

function valuesOf(labels: Labels, requirement: Requirement): readonly string[] {
  const sources = labels.byKey.get(requirement.key);
  if (!sources) return [];
  if (requirement.source === 'any') return [...sources.values()];
  const value = sources.get(requirement.source);
  return value === undefined ? [] : [value];
}

/** Order by UTF-16 code units, the same on every machine. */
export function compareText(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
