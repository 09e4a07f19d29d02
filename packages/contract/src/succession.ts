/** Whose word counts in an upgrade, while programs of two layouts run one after the other. */
export enum Succession {
  /** That of the layout before: the new programs only watch and remember. What a new map says. */
  Shadow = 0,
  /** That of the new layout. */
  Decides = 1,
}
