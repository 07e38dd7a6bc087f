// Checks an AsyncAPI document, read from standard input, and writes what is wrong with it, one line each; exit code 1 when anything is.
import { text } from 'node:stream/consumers';
import parser from '@asyncapi/parser';

const ERROR = 0;
const WARNING = 1;

const { Parser } = parser;
const diagnostics = await new Parser().validate(await text(process.stdin));
const wrong = diagnostics.filter(({ severity }) => severity === ERROR || severity === WARNING);
for (const { code, path, message } of wrong) console.log(`${code} ${path.join('.')}: ${message}`);
process.exitCode = wrong.length > 0 ? 1 : 0;
