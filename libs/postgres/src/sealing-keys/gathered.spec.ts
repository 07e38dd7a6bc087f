import { Gathered } from './gathered';

/** Statements that are answered when the test says so. */
class Statements {
  readonly questions: (readonly string[])[] = [];
  private readonly ends: ((answer: (question: string) => string | undefined) => void)[] = [];

  readonly load = async (questions: readonly string[]): Promise<ReadonlyMap<string, string>> => {
    this.questions.push(questions);
    const answer = await new Promise<(question: string) => string | undefined>((resolve) => this.ends.push(resolve));
    const answers = questions.map((question) => [question, answer(question)] as const);
    return new Map(answers.filter((entry): entry is readonly [string, string] => entry[1] !== undefined));
  };

  end(answer: (question: string) => string | undefined): void {
    this.ends.shift()?.(answer);
  }
}

const turn = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

it('asks in one statement what is asked at the same time, and next what is asked meanwhile', async () => {
  const statements = new Statements();
  const gathered = new Gathered(statements.load);
  const first = Promise.all(['a', 'b', 'a'].map((question) => gathered.ask(question)));
  await turn();
  const second = Promise.all(['c', 'a'].map((question) => gathered.ask(question)));
  await turn();
  expect(statements.questions).toEqual([['a', 'b']]);
  statements.end((question) => (question === 'b' ? undefined : `${question}1`));
  expect(await first).toEqual(['a1', undefined, 'a1']);
  await turn();
  expect(statements.questions).toEqual([
    ['a', 'b'],
    ['c', 'a'],
  ]);
  statements.end((question) => `${question}2`);
  expect(await second).toEqual(['c2', 'a2']);
});

it('fails those who asked in a failed statement alone', async () => {
  const statements = new Statements();
  const gathered = new Gathered(statements.load);
  const failed = gathered.ask('a');
  await turn();
  const later = gathered.ask('a');
  statements.end(() => {
    throw new Error('the database is away');
  });
  await expect(failed).rejects.toThrow('the database is away');
  await turn();
  statements.end(() => 'there');
  expect(await later).toBe('there');
});

it('asks no more than 500 in one statement', async () => {
  const statements = new Statements();
  const gathered = new Gathered(statements.load);
  const answers = Array.from({ length: 501 }, (_, number) => gathered.ask(String(number)));
  await turn();
  statements.end((question) => question);
  await turn();
  statements.end((question) => question);
  expect(await Promise.all(answers)).toHaveLength(501);
  expect(statements.questions.map(({ length }) => length)).toEqual([500, 1]);
});
