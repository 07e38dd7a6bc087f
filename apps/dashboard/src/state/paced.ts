/**
 * Passes values on as they come, but not faster than somebody can use them: at once after a pause, then the newest one every
 * `everyMs` while further ones come. The last one is always passed on, at most `everyMs` after it came.
 */
export class Paced<Value> {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private waiting: { readonly value: Value } | undefined;

  constructor(
    private readonly act: (value: Value) => void,
    private readonly everyMs: number,
  ) {}

  push(value: Value): void {
    if (this.timer === undefined) this.pass(value);
    else this.waiting = { value };
  }

  /** What waits is not passed on any more. */
  cancel(): void {
    this.waiting = undefined;
  }

  private pass(value: Value): void {
    this.timer = setTimeout(() => this.paused(), this.everyMs);
    this.act(value);
  }

  private paused(): void {
    this.timer = undefined;
    const { waiting } = this;
    this.waiting = undefined;
    if (waiting !== undefined) this.pass(waiting.value);
  }
}
