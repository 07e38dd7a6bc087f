import { productFiles } from './source-files';

const page = productFiles(/^apps\/dashboard\/src\//);
const packages = ['preact', 'preact/hooks', '@tanstack/virtual-core'];

describe('the dashboard', () => {
  it('loads its own files and few packages, so that it stays small, and nothing of the service', () => {
    const others = page.flatMap(({ path, imports }) =>
      imports
        .filter(({ specifier, file }) =>
          file === undefined ? !packages.includes(specifier) : !file.startsWith('apps/dashboard/src/'),
        )
        .map(({ specifier }) => `${path} imports ${specifier}`),
    );
    expect(others).toEqual([]);
  });

  it('is loaded by nobody', () => {
    const loading = productFiles(/^(?!apps\/dashboard\/)/).filter(({ imports }) =>
      imports.some(({ file }) => file?.startsWith('apps/dashboard/') === true),
    );
    expect(loading.map(({ path }) => path)).toEqual([]);
  });

  it('makes elements, never markup or script from text', () => {
    const fromText = /innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function\(|srcdoc/i;
    expect(page.filter(({ text }) => fromText.test(text)).map(({ path }) => path)).toEqual([]);
  });

  it('names no other place', () => {
    expect(page.filter(({ text }) => /\b(?:https?|wss?):\/\//.test(text)).map(({ path }) => path)).toEqual([]);
  });

  it('keeps nothing secret in the browser: the session is a cookie that no script sees', () => {
    const storing = page.filter(
      ({ text }) => /sessionStorage|indexedDB|document\.cookie/.test(text) || text.includes('localStorage'),
    );
    expect(storing.map(({ path }) => path)).toEqual(['apps/dashboard/src/state/theme.ts']);
  });
});
