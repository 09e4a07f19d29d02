import type { SourcePosition } from './ir.ts';

/**
 * What the back end says to someone whose program cannot become code; `position` leads to the
 * cause.
 */
export class CompileError extends Error {
  override readonly name = 'CompileError';
  readonly code = 'ERR_SKEP_COMPILE';

  constructor(
    message: string,
    readonly position: SourcePosition | null = null,
  ) {
    super(position ? `${position.file}:${position.line}:${position.column}: ${message}` : message);
  }
}
