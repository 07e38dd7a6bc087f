import { liveTable, simulationTable } from './live-table';
import { Tally } from './tally';
import { Turnstile } from './turnstile';

const plan = { devices: 3, durationS: 60 };

test('the tally counts what devices do, and says how much of the plan that is', () => {
  let nowMs = 0;
  const tally = new Tally(plan, () => nowMs);
  tally.is('a', 'registering');
  tally.registered('a', 'hub-1');
  tally.is('a', 'living');
  tally.registered('b', 'hub-1');
  tally.registered('b', 'hub-2');
  tally.disconnected();
  tally.reported();
  tally.failed('b', 'no hub');
  nowMs = 2_000;
  tally.interrupted();
  const summary = tally.summary();
  expect(summary).toEqual({
    devices: 2,
    devicesPlanned: 3,
    states: { waiting: 0, registering: 0, living: 1, failed: 1 },
    hubs: [
      { hub: 'hub-1', devices: 1 },
      { hub: 'hub-2', devices: 1 },
    ],
    registrations: 3,
    registrationsPerSecond: 1.5,
    moved: 1,
    reports: 1,
    disconnections: 1,
    failures: 1,
    lastFailure: 'b: no hub',
    elapsedS: 2,
    durationS: 60,
    interrupted: true,
  });
  const shown = simulationTable(summary);
  expect(shown).toMatch(/^registrations +3 \(1\.5\/s\)$/m);
  expect(shown).toMatch(/^elapsed +2 s of 60 s, interrupted$/m);
  expect(shown).toMatch(/^devices +2 of 3 have begun$/m);
});

describe('the live table', () => {
  function drawn(tally: Tally, terminal: object): string {
    let text = '';
    const stderr = { ...terminal, write: (more: string) => (text += more) };
    const stop = liveTable({ stdout: stderr, stderr, env: {}, signal: new AbortController().signal }, tally);
    stop();
    return text;
  }

  test('is drawn at a terminal alone, over itself, and taken away in the end', () => {
    const tally = new Tally(plan, () => 0);
    expect(drawn(tally, { isTTY: false })).toBe('');
    const lines = simulationTable(tally.summary()).split('\n').length;
    expect(drawn(tally, { isTTY: true })).toMatch(new RegExp(`^SIMULATION\\n[^]*\\u001b\\[${lines}A\\u001b\\[0J$`));
  });

  test('has no line that the terminal would break', () => {
    const tally = new Tally(plan, () => 0);
    tally.failed('a', 'a very long story of what went wrong, and why');
    const lines = drawn(tally, { isTTY: true, columns: 40 }).split('\n');
    expect(lines.length).toBeGreaterThan(10);
    expect(lines.filter((line) => line.length > 40)).toEqual([]);
    expect(lines.join('\n')).toMatch(/^last failure +a: a very/m);
  });
});

test('a turnstile lets in so many at a time, in their order, also after one that failed', async () => {
  const turnstile = new Turnstile(2);
  const entered: string[] = [];
  const leave = new Map<string, (error?: Error) => void>();
  const visits = ['a', 'b', 'c', 'd'].map((name) =>
    turnstile.within(() => {
      entered.push(name);
      return new Promise<void>((resolve, reject) =>
        leave.set(name, (error) => (error === undefined ? resolve() : reject(error))),
      );
    }),
  );
  const settled = Promise.allSettled(visits);
  expect(entered).toEqual(['a', 'b']);
  leave.get('b')?.(new Error('fell'));
  await visits[1]?.catch(() => undefined);
  await new Promise(setImmediate);
  expect(entered).toEqual(['a', 'b', 'c']);
  for (const name of ['a', 'c']) leave.get(name)?.();
  await Promise.all([visits[0], visits[2]]);
  await new Promise(setImmediate);
  leave.get('d')?.();
  expect((await settled).map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'fulfilled']);
  expect(entered).toEqual(['a', 'b', 'c', 'd']);
});
