interface Asked<Answer> {
  readonly resolve: (answer: Answer | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** Questions of one statement at most. */
const QUESTIONS_MAX = 500;

/**
 * Answers questions that come one by one in few statements, one statement at a time: what is asked while one is under way makes up
 * the next. A failed statement fails the questions it was asked with.
 */
export class Gathered<Answer> {
  private waiting = new Map<string, Asked<Answer>[]>();
  private running: Promise<void> | undefined;

  /** `load` leaves out what has no answer. */
  constructor(private readonly load: (questions: readonly string[]) => Promise<ReadonlyMap<string, Answer>>) {}

  ask(question: string): Promise<Answer | undefined> {
    return new Promise((resolve, reject) => {
      const asked = this.waiting.get(question);
      if (asked === undefined) this.waiting.set(question, [{ resolve, reject }]);
      else asked.push({ resolve, reject });
      this.running ??= this.run();
    });
  }

  private async run(): Promise<void> {
    while (this.waiting.size > 0) {
      // What is asked in the same turn goes together.
      await new Promise((resolve) => setImmediate(resolve));
      await this.answer(this.take());
    }
    this.running = undefined;
  }

  private take(): ReadonlyMap<string, readonly Asked<Answer>[]> {
    const taken = new Map([...this.waiting].slice(0, QUESTIONS_MAX));
    for (const question of taken.keys()) this.waiting.delete(question);
    return taken;
  }

  private async answer(taken: ReadonlyMap<string, readonly Asked<Answer>[]>): Promise<void> {
    try {
      const answers = await this.load([...taken.keys()]);
      for (const [question, asked] of taken) for (const { resolve } of asked) resolve(answers.get(question));
    } catch (error) {
      for (const asked of taken.values()) for (const { reject } of asked) reject(error);
    }
  }
}
