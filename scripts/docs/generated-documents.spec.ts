import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { generatedDocuments } from './generated-documents';

describe('generated documentation', () => {
  it.each(Object.keys(generatedDocuments))('%s is what `npm run docs:generate` writes', (path) => {
    expect(readFileSync(join(__dirname, '../..', path), 'utf8')).toBe(generatedDocuments[path]?.());
  });

  it('lists events down to their nested fields', () => {
    const events = generatedDocuments['docs/events.md']?.() ?? '';
    expect(events).toContain('### TwinMigrated (version 1)');
    expect(events).toContain('| `grounds.allocation.candidates[].weight` | integer |');
    expect(events).toContain('| `grounds.policy.effective` | `migrate`, `reset`, `never`, `sticky` |');
    expect(events).toContain('| `plan(migrate).from` | string |');
    expect(events).toContain('| `grounds.previousHub` | string, or null |');
  });
});
