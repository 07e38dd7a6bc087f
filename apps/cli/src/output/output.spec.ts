import { Io, complain, isColoured } from '../io';
import { columns, memberAt } from './columns';
import { Printer } from './printer';
import { progressBar } from './progress';
import { details, shown, table } from './table';

class Recorder {
  text = '';
  constructor(readonly isTTY = false) {}
  write(text: string): boolean {
    this.text += text;
    return true;
  }
  // What a bar asks of a terminal.
  readonly columns = 100;
  readonly rows = 30;
  cursorTo = (): boolean => true;
  moveCursor = (): boolean => true;
  clearLine = (): boolean => true;
  clearScreenDown = (): boolean => true;
  on = (): this => this;
}

function io(terminal: boolean, env: Io['env'] = {}): Io & { readonly stdout: Recorder; readonly stderr: Recorder } {
  return { stdout: new Recorder(terminal), stderr: new Recorder(terminal), env, signal: new AbortController().signal };
}

describe('tables', () => {
  const devices = [
    { id: 'sn-1', hub: { name: 'hub-a' }, tags: ['x', 'y'], on: true },
    { id: 'sn-12345', hub: null, tags: [], on: false },
  ];

  test('have a line an item, columns that fit, and a dash for what is not there', () => {
    const text = table(columns({ id: 'id', hub: 'hub.name', tags: 'tags', on: 'on' }), devices, false);
    expect(text.split('\n')).toEqual(['ID        HUB    TAGS  ON', 'sn-1      hub-a  x, y  yes', 'sn-12345  -      -     no']);
  });

  test('what was stored brings no escape sequence and no line into a cell', () => {
    const text = table(columns({ id: 'id' }), [{ id: 'a\u001b[31mb\nc' }], false);
    expect(text).toBe('ID\na [31mb c');
  });

  test('headings are bold where colours are wanted', () => {
    expect(table(columns({ id: 'id' }), [{ id: 'a' }], true)).toContain('\u001b[1mID\u001b[22m');
  });

  test('one thing is shown with its nested members under their paths', () => {
    expect(details({ id: 'a', plan: { waves: 2, hubs: ['x'] }, none: null, empty: {} }, false).split('\n')).toEqual([
      'id          a',
      'plan.waves  2',
      'plan.hubs   x',
      'none        -',
      'empty       {}',
    ]);
  });

  test('values are written as people read them', () => {
    expect([null, undefined, '', 0, true, [], ['a', 1], [{ a: 1 }]].map(shown)).toEqual([
      '-',
      '-',
      '-',
      '0',
      'yes',
      '-',
      'a, 1',
      '[{"a":1}]',
    ]);
    expect(memberAt({ a: { b: 1 } }, 'a.b.c')).toBeUndefined();
  });
});

describe('the printer', () => {
  test('prints for programs nothing but JSON, an array for a list', () => {
    const target = io(true);
    const printer = new Printer(target, 'json');
    printer.list(columns({ id: 'id' }), []);
    printer.note('a remark');
    expect([target.stdout.text, target.stderr.text]).toEqual(['[]\n', '']);
  });

  test('says to people that there is nothing, beside the output', () => {
    const target = io(false);
    new Printer(target, 'table').list(columns({ id: 'id' }), []);
    expect([target.stdout.text, target.stderr.text]).toEqual(['', 'nothing found\n']);
  });
});

describe('colours', () => {
  test.each([
    [true, {}, true],
    [false, {}, false],
    [true, { NO_COLOR: '1' }, false],
    [true, { NO_COLOR: '' }, true],
    [true, { TERM: 'dumb' }, false],
  ])('at a terminal: %s, environment %j: %s', (terminal, env, expected) => {
    const target = io(terminal, env);
    expect(isColoured(target.stdout, env)).toBe(expected);
    complain(target, 'no');
    expect(target.stderr.text).toBe(expected ? '\u001b[31merror: no\u001b[39m\n' : 'error: no\n');
  });
});

describe('progress', () => {
  test('is drawn on standard error at a terminal', () => {
    const target = io(true);
    const bar = progressBar(target, 'verifying', 'events');
    bar.update(50, 100);
    bar.stop();
    expect(target.stderr.text).toContain('verifying');
    expect(target.stdout.text).toBe('');
  });

  test.each([
    [false, {}],
    [true, { TERM: 'dumb' }],
  ])('is not drawn elsewhere (terminal: %s, %j)', (terminal, env) => {
    const target = io(terminal, env);
    const bar = progressBar(target, 'verifying', 'events');
    bar.update(50, 100);
    bar.stop();
    expect(target.stderr.text).toBe('');
  });
});
