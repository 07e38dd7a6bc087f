import Module from 'node:module';
import { join } from 'node:path';

type Resolve = (this: unknown, request: string, ...rest: unknown[]) => string;

/** Jest applies its moduleNameMapper to tests but not to the global setup, so the setup resolves `@app/…` here. */
const loader = Module as unknown as { _resolveFilename: Resolve };
const resolveFilename = loader._resolveFilename;
const alias = /^@app\/([^/]+)(.*)$/;
const libs = join(__dirname, '../../libs');

loader._resolveFilename = function resolveAlias(this: unknown, request, ...rest) {
  const [, lib, path] = alias.exec(request) ?? [];
  return resolveFilename.call(this, lib === undefined ? request : join(libs, lib, 'src', path ?? ''), ...rest);
};
