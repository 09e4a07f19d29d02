/** Lets tasks through side by side, or one of another sort alone. */

/** Whoever wants to be alone waits for those who are inside, and keeps others out meanwhile. */
export class Gate {
  private inside = 0;
  private alone: Promise<void> = Promise.resolve();
  private onLeave: (() => void) | undefined;

  async among<T>(task: () => Promise<T>): Promise<T> {
    for (let seen: Promise<void> | undefined; seen !== this.alone; ) {
      seen = this.alone;
      await seen;
    }
    this.inside++;
    try {
      return await task();
    } finally {
      if (--this.inside === 0) this.onLeave?.();
    }
  }

  async byItself(task: () => Promise<void>): Promise<void> {
    const before = this.alone;
    const own = before.then(async () => {
      if (this.inside > 0) await new Promise<void>((resolve) => (this.onLeave = resolve));
      this.onLeave = undefined;
      await task();
    });
    this.alone = own.catch(() => {});
    await own;
  }
}
