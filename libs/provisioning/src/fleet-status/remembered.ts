/** A count is made again only after so many times the time it took, so that it never costs more than a tenth of a core. */
const REST_FACTOR = 10;
const AGE_MIN_MS = 1_000;

/** One answer for everybody who asks while it is being made, and for a while after. */
export class Remembered<Value> {
  private value: { readonly answer: Promise<Value>; freshUntilMs: number } | undefined;

  constructor(
    private readonly make: () => Promise<Value>,
    private readonly nowMs: () => number = () => performance.now(),
  ) {}

  get(): Promise<Value> {
    if (this.value !== undefined && this.nowMs() < this.value.freshUntilMs) return this.value.answer;
    const begunMs = this.nowMs();
    const answer = this.make();
    const value = { answer, freshUntilMs: Number.POSITIVE_INFINITY };
    this.value = value;
    answer.then(
      () => {
        const tookMs = this.nowMs() - begunMs;
        value.freshUntilMs = this.nowMs() + Math.max(AGE_MIN_MS, tookMs * REST_FACTOR);
      },
      () => {
        if (this.value === value) this.value = undefined;
      },
    );
    return answer;
  }
}

/** Questions whose answers are kept; the one that nobody has asked for longest is forgotten first. */
export const QUESTIONS_MAX = 32;

/** As above for a question with parameters: each is answered once for everybody who asks the same. */
export class RememberedAnswers<Question, Answer> {
  private readonly answers = new Map<string, Remembered<Answer>>();

  constructor(
    private readonly make: (question: Question) => Promise<Answer>,
    private readonly keyOf: (question: Question) => string,
  ) {}

  get(question: Question): Promise<Answer> {
    const key = this.keyOf(question);
    const answer = this.answers.get(key) ?? new Remembered(() => this.make(question));
    this.answers.delete(key);
    this.answers.set(key, answer);
    const [oldest] = this.answers.keys();
    if (this.answers.size > QUESTIONS_MAX && oldest !== undefined) this.answers.delete(oldest);
    return answer.get();
  }
}
