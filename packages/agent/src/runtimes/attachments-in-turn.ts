/** Requests about one interface of a container, one after the other, in the order they came. */
import type { AttachmentKey } from '../views.ts';

/** A removal waits for the addition before it, so that it finds what it is to remove. */
export class AttachmentsInTurn {
  private readonly last = new Map<string, Promise<unknown>>();

  /** Runs a task when those before it have ended, however they did. */
  async run<T>({ containerId, interfaceName }: AttachmentKey, task: () => Promise<T>): Promise<T> {
    const key = `${containerId} ${interfaceName}`;
    const before = this.last.get(key) ?? Promise.resolve();
    const own = before.then(task, task);
    this.last.set(key, own);
    try {
      return await own;
    } finally {
      if (this.last.get(key) === own) this.last.delete(key);
    }
  }
}
