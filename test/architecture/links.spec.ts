import { existsSync, statSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { readMarkdown } from '../support/markdown';
import { repositoryFiles, root, sourceFiles } from './source-files';

const pages = repositoryFiles()
  .filter((path) => path.endsWith('.md'))
  .map((path) => readMarkdown(root, path));
const byPath = new Map(pages.map((page) => [page.path, page]));

/** What is wrong with a link; undefined when it leads where it says. */
function fault(from: string, link: string): string | undefined {
  if (/^[a-z]+:/.test(link)) return undefined;
  const [target = '', anchor] = link.split('#');
  const path = target === '' ? from : normalize(join(dirname(from), decodeURIComponent(target)));
  if (!existsSync(join(root, path))) return `${from}: there is no ${path}`;
  if (anchor === undefined) return undefined;
  return byPath.get(path)?.anchors.has(anchor) ? undefined : `${from}: ${path} has no heading "${anchor}"`;
}

describe('documents', () => {
  it('are found by these rules', () => {
    expect(pages.length).toBeGreaterThan(30);
    expect(pages.flatMap(({ links }) => links).length).toBeGreaterThan(60);
  });

  it('link to files and headings that exist', () => {
    const faults = pages.flatMap(({ path, links }) => links.flatMap((link) => fault(path, link) ?? []));
    expect(faults).toEqual([]);
  });

  it('are named in code only where they exist', () => {
    const named = sourceFiles.flatMap(({ path, text }) =>
      [...text.matchAll(/\bdocs\/[\w/.-]+\.md\b/g)].map(([document]) => ({ path, document })),
    );
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter(({ document }) => !existsSync(join(root, document)))).toEqual([]);
  });

  it('are all in the index, docs/README.md, or in that of the decisions', () => {
    const index = ['docs/README.md', 'docs/adr/README.md'].flatMap((from) =>
      (byPath.get(from)?.links ?? []).map((link) => normalize(join(dirname(from), link.split('#')[0] ?? ''))),
    );
    const listed = new Set(index.filter((path) => existsSync(join(root, path)) && statSync(join(root, path)).isFile()));
    const documents = pages.map(({ path }) => path).filter((path) => path.startsWith('docs/') && path !== 'docs/README.md');
    expect(documents.filter((path) => !listed.has(path))).toEqual([]);
  });
});
