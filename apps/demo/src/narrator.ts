/** Prints what happens, step by step with timings, for a person to read. */
export class Narrator {
  private step = 0;

  constructor(private readonly write: (text: string) => void = (text) => void process.stdout.write(text)) {}

  heading(text: string): void {
    this.write(`\n${text}\n`);
  }

  line(text: string): void {
    this.write(`       ${text}\n`);
  }

  /** Runs one step and says how long it took. */
  async tell<T>(text: string, run: () => Promise<T>): Promise<T> {
    const number = String(++this.step).padStart(3);
    const startedMs = performance.now();
    try {
      const result = await run();
      this.write(`${number}  ${text.padEnd(86)} ${(performance.now() - startedMs).toFixed(0).padStart(6)} ms\n`);
      return result;
    } catch (error) {
      this.write(`${number}  ${text}   FAILED\n`);
      throw error;
    }
  }
}

/** What the demo promised did not happen. */
export class ExpectationFailed extends Error {
  constructor(what: string, expected: unknown, actual: unknown) {
    super(`${what}: expected ${JSON.stringify(expected)}, got ${JSON.stringify(actual)}`);
    this.name = 'ExpectationFailed';
  }
}

export function expectEqual(what: string, actual: unknown, expected: unknown): void {
  if (canonical(actual) !== canonical(expected)) throw new ExpectationFailed(what, expected, actual);
}

/** JSON with members in the order of their names, so that only content counts. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}
