/** Lets so many in at a time; the others wait in the order they came. */
export class Turnstile {
  private readonly waiting: (() => void)[] = [];
  private inside = 0;

  constructor(private readonly insideMax: number) {}

  async within<Value>(work: () => Promise<Value>): Promise<Value> {
    if (this.inside < this.insideMax) this.inside++;
    else await new Promise<void>((resolve) => this.waiting.push(resolve));
    try {
      return await work();
    } finally {
      const next = this.waiting.shift();
      if (next === undefined) this.inside--;
      else next();
    }
  }
}
