import { Paced } from './paced';

const EVERY_MS = 100;

describe('values passed on at a pace', () => {
  let passed: string[];
  let paced: Paced<string>;
  beforeEach(() => {
    jest.useFakeTimers();
    passed = [];
    paced = new Paced((value) => passed.push(value), EVERY_MS);
  });
  afterEach(() => jest.useRealTimers());

  const type = (text: string, keyEveryMs: number): void => {
    for (let length = 1; length <= text.length; length++) {
      paced.push(text.slice(0, length));
      jest.advanceTimersByTime(keyEveryMs);
    }
  };

  it('pass the first one at once', () => {
    paced.push('s');
    expect(passed).toEqual(['s']);
  });

  it('pass the newest one at every interval while they come faster, and the last one in the end', () => {
    type('sn-00', 30);
    expect(passed).toEqual(['s', 'sn-0']);
    jest.advanceTimersByTime(EVERY_MS);
    expect(passed).toEqual(['s', 'sn-0', 'sn-00']);
    jest.advanceTimersByTime(10 * EVERY_MS);
    expect(passed).toEqual(['s', 'sn-0', 'sn-00']);
  });

  it('pass each one at once that comes after a pause', () => {
    type('sn', EVERY_MS + 1);
    expect(passed).toEqual(['s', 'sn']);
    jest.advanceTimersByTime(EVERY_MS);
    paced.push('sn-');
    expect(passed).toEqual(['s', 'sn', 'sn-']);
  });

  it('pass nothing on that was taken back, and go on at the same pace', () => {
    type('sn', 1);
    paced.cancel();
    jest.advanceTimersByTime(EVERY_MS / 2);
    paced.push('x');
    expect(passed).toEqual(['s']);
    jest.advanceTimersByTime(EVERY_MS);
    expect(passed).toEqual(['s', 'x']);
  });
});
