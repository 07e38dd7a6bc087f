import { QUESTIONS_MAX, Remembered, RememberedAnswers } from './remembered';

function counting(tookMs: number): { remembered: Remembered<number>; made: () => number; pass: (ms: number) => void } {
  let nowMs = 0;
  let made = 0;
  const make = (): Promise<number> => {
    made += 1;
    nowMs += tookMs;
    return Promise.resolve(made);
  };
  return { remembered: new Remembered(make, () => nowMs), made: () => made, pass: (ms) => (nowMs += ms) };
}

describe('a remembered answer', () => {
  it('is made once for all who ask at the same time', async () => {
    const { remembered, made } = counting(5);
    expect(await Promise.all([remembered.get(), remembered.get(), remembered.get()])).toEqual([1, 1, 1]);
    expect(made()).toBe(1);
  });

  it('stays for a second when it was quick to make', async () => {
    const { remembered, pass } = counting(5);
    await remembered.get();
    pass(900);
    expect(await remembered.get()).toBe(1);
    pass(200);
    expect(await remembered.get()).toBe(2);
  });

  it('stays for longer the longer it took to make', async () => {
    const { remembered, pass } = counting(400);
    await remembered.get();
    pass(3_900);
    expect(await remembered.get()).toBe(1);
    pass(200);
    expect(await remembered.get()).toBe(2);
  });

  it('is made anew after a failure', async () => {
    let made = 0;
    const remembered = new Remembered(() => (++made === 1 ? Promise.reject(new Error('away')) : Promise.resolve('there')));
    await expect(remembered.get()).rejects.toThrow('away');
    expect(await remembered.get()).toBe('there');
  });
});

describe('remembered answers', () => {
  const asking = (): { answers: RememberedAnswers<number, string>; asked: number[] } => {
    const asked: number[] = [];
    const make = (question: number): Promise<string> => {
      asked.push(question);
      return Promise.resolve(`answer ${question}`);
    };
    return { answers: new RememberedAnswers(make, String), asked };
  };

  it('are made once for each question', async () => {
    const { answers, asked } = asking();
    expect(await Promise.all([1, 2, 1].map((question) => answers.get(question)))).toEqual(['answer 1', 'answer 2', 'answer 1']);
    expect(asked).toEqual([1, 2]);
  });

  it('are bounded, and what was asked for longest ago goes first', async () => {
    const { answers, asked } = asking();
    for (let question = 0; question < QUESTIONS_MAX; question++) await answers.get(question);
    await answers.get(0);
    await answers.get(QUESTIONS_MAX);
    asked.length = 0;
    await answers.get(0);
    expect(asked).toEqual([]);
    await answers.get(1);
    expect(asked).toEqual([1]);
  });
});
