/** One file of a sysdump's archive. */
export interface DumpPart {
  /** Where in the archive, such as `agent/status.json`. */
  readonly file: string;
  /** Text as it is; anything else is written as JSON. What it throws is why it is missing. */
  read(): unknown;
}
