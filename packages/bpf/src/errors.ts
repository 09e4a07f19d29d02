/** What goes wrong with BPF objects besides the kernel's own refusals. */
import { release } from 'node:os';

/** The kernel lacks something that was asked for; found by trying, never by comparing versions. */
export class UnsupportedFeatureError extends Error {
  readonly code = 'ERR_UNSUPPORTED_FEATURE';

  constructor(
    /** Such as `tcx`. */
    readonly feature: string,
    /** The first kernel that has it, such as `6.6`. */
    readonly since: string,
    options: ErrorOptions & {
      /** Where the version alone does not say it, such as what a device lacks. */
      readonly detail?: string;
    } = {},
  ) {
    const detail = options.detail === undefined ? '' : `${options.detail}: `;
    super(`${feature}: ${detail}needs Linux ${since}, this is ${release()}`, options);
    this.name = 'UnsupportedFeatureError';
  }
}

/** Trying did not tell whether the kernel has the feature: neither yes nor no may be concluded. */
export class InconclusiveProbeError extends Error {
  readonly code = 'ERR_INCONCLUSIVE_PROBE';

  constructor(
    readonly feature: string,
    detail: string,
    options: ErrorOptions = {},
  ) {
    super(`probe ${feature}: ${detail}`, options);
    this.name = 'InconclusiveProbeError';
  }
}

/** A program calls a function of the kernel that this kernel has not. */
export class MissingKernelFunctionError extends Error {
  readonly code = 'ERR_MISSING_KERNEL_FUNCTION';

  constructor(
    /** Such as `load program classify`. */
    readonly subject: string,
    /** The function's name. */
    readonly missing: string,
  ) {
    super(`${subject}: kernel function ${missing}: Linux ${release()} has none of this name`);
    this.name = 'MissingKernelFunctionError';
  }
}

/** A program calls a kernel function otherwise than this kernel has it. */
export class KernelFunctionShapeError extends Error {
  readonly code = 'ERR_KERNEL_FUNCTION_SHAPE';

  constructor(
    /** Such as `load program classify`. */
    readonly subject: string,
    /** The function's name. */
    readonly kernelFunction: string,
    difference: string,
  ) {
    super(`${subject}: kernel function ${kernelFunction}: ${difference}`);
    this.name = 'KernelFunctionShapeError';
  }
}

/** A program reads a field of the kernel that this kernel has not, or not of that size. */
export class MissingKernelFieldError extends Error {
  readonly code = 'ERR_MISSING_KERNEL_FIELD';

  constructor(
    /** Such as `load program classify`. */
    readonly subject: string,
    /** Such as `sk_buff.mark`. */
    readonly field: string,
    detail: string,
  ) {
    super(`${subject}: kernel field ${field}: found ${detail} (Linux ${release()})`);
    this.name = 'MissingKernelFieldError';
  }
}

/** A key, a value or an index is not of the map's shape. */
export class MapArgumentError extends TypeError {
  readonly code = 'ERR_MAP_ARGUMENT';

  constructor(
    readonly map: string,
    /** Such as `key size`. */
    readonly what: string,
    readonly found: number | string,
    readonly expected: number | string,
    advice?: string,
  ) {
    const text = `map ${map}: ${what} ${found}, expected ${expected}`;
    super(advice === undefined ? text : `${text} (${advice})`);
    this.name = 'MapArgumentError';
  }
}

/** A map that was found, such as a pinned one, has another shape than the one that was declared. */
export class MapShapeError extends Error {
  readonly code = 'ERR_MAP_SHAPE';

  constructor(
    /** Such as `pinned map /sys/fs/bpf/skep/connections`. */
    readonly subject: string,
    readonly property: string,
    readonly found: number | string,
    readonly expected: number | string,
  ) {
    super(`${subject}: ${property} ${found}, expected ${expected} (made by another version?)`);
    this.name = 'MapShapeError';
  }
}

/** A pin holds an object of another kind than the one that was asked for. */
export class PinnedKindError extends Error {
  readonly code = 'ERR_PINNED_KIND';

  constructor(
    readonly path: string,
    /** The kernel's name of the file, such as `anon_inode:bpf-prog`. */
    readonly found: string,
    readonly expected: string,
  ) {
    super(`open pinned ${expected} ${path}: found ${found}, expected a ${expected}`);
    this.name = 'PinnedKindError';
  }
}
