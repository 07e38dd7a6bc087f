import { commandsIn, missingLine } from './document-commands';
import { CodeBlock, MarkdownPage } from './markdown';

function page(...blocks: readonly Partial<CodeBlock>[]): MarkdownPage {
  const whole = blocks.map((block, index) => ({ language: 'sh', attributes: '', line: index + 1, text: '', ...block }));
  return { path: 'page.md', blocks: whole, links: [], anchors: new Set() };
}

describe('the commands of a document', () => {
  it('are its shell blocks, each with the output that is said right behind it', () => {
    const commands = commandsIn(
      page({ text: 'ls' }, { language: 'text', text: 'a\n\nb' }, { language: 'json' }, { text: 'pwd' }),
    );
    expect(commands.map(({ text, output }) => ({ text, output }))).toEqual([
      { text: 'ls', output: ['a', 'b'] },
      { text: 'pwd', output: [] },
    ]);
  });

  it('are run unless there is a reason not to', () => {
    const marked = page({ attributes: 'not-run reason="needs a TPM in the machine"' }, { attributes: 'stopped' }, {});
    expect(commandsIn(marked).map(({ notRun, stopped }) => [notRun, stopped])).toEqual([
      ['needs a TPM in the machine', false],
      [null, true],
      [null, false],
    ]);
  });

  it.each(['not-run', 'not-run reason=""', 'not-run reason="slow"', 'skip'])('may not be marked %s', (attributes) => {
    expect(() => commandsIn(page({ attributes }))).toThrow('page.md:1');
  });
});

describe('the lines that an output must have', () => {
  it.each([
    ['in this order, others between them', 'one\ntwo\n three', ['one', 'three'], undefined],
    ['but not in another order', 'one\ntwo', ['two', 'one'], 'one'],
    ['whole', 'one and more', ['one'], 'one'],
    ['with dots for anything', '{"a":1,"b":[2]}', ['{"a":…,"b":[…]}'], undefined],
    ['each once', 'one', ['one', 'one'], 'one'],
    ['with nothing else that means more than it says', 'a+b', ['a.b'], 'a.b'],
  ])('are there %s', (_, output, expected, missing) => {
    expect(missingLine(output, expected)).toBe(missing);
  });
});
