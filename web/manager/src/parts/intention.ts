/** What one Idempotency-Key stands for: one thing that somebody wants, however often it is sent. */

/** The key of an intention: the same for every attempt with the same values, until it begins anew. */
export class Intention {
  private key = "";
  private values = "";
  private readonly newKey: () => string;

  constructor(newKey: () => string) {
    this.newKey = newKey;
  }

  /** A dialog opens, or what was wanted is done, or was refused for certain: the next attempt is another thing. */
  begin(): void {
    this.key = "";
  }

  /** For an attempt with these values. */
  keyFor(values: unknown): string {
    const now = JSON.stringify(values) ?? "";
    if (!this.key || this.values !== now) this.key = this.newKey();
    this.values = now;
    return this.key;
  }
}
