import { productFiles, sourceFiles } from './source-files';

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

  it('takes no answer of the management API for anything that is not compared with the route it comes from', () => {
    const compared = sourceFiles.find(({ path }) => path === 'test/architecture/dashboard-answers.types.ts')?.text ?? '';
    const taken = page.flatMap(({ path, text }) =>
      [...text.matchAll(/\b(?:read|readIfAny|write|call|usePages)<([^(]+)>\(/g)].flatMap(([, type = '']) =>
        [...type.matchAll(/\b[A-Z]\w+/g)].map(([name]) => ({ path, name })),
      ),
    );
    expect(taken.map(({ name }) => name)).toEqual(expect.arrayContaining(['Device', 'Why', 'FleetStatus', 'Campaign']));
    // A page of a list is compared by its items, and a document of the service API is any JSON object.
    const others = new Set(['JsonObject', 'Answer', 'Item']);
    const unknown = taken.filter(
      ({ name }) => !others.has(name) && !new RegExp(`\\b(?:page|campaigns)\\.${name}\\b`).test(compared),
    );
    expect(unknown.map(({ path, name }) => `${path} takes ${name}`)).toEqual([]);
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
