// Lets a child process of a test run TypeScript as the tests do: `node --require <this file> program.ts`.
const { readFileSync } = require('node:fs');
const Module = require('node:module');
const { join } = require('node:path');
const { transformSync } = require('@swc/core');

const libs = join(__dirname, '../../libs');
const resolveFilename = Module._resolveFilename;

Module._resolveFilename = function resolveAlias(request, ...rest) {
  const [, lib, path] = /^@app\/([^/]+)(.*)$/.exec(request) ?? [];
  return resolveFilename.call(this, lib === undefined ? request : join(libs, lib, 'src', path), ...rest);
};

Module._extensions['.ts'] = (module, filename) => {
  const jsc = { parser: { syntax: 'typescript', decorators: true }, target: 'es2023' };
  const { code } = transformSync(readFileSync(filename, 'utf8'), { filename, jsc, module: { type: 'commonjs' } });
  module._compile(code, filename);
};
