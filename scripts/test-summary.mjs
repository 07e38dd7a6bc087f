// Reads the result that jest wrote with --json and prints "N passed, N failed" over all its projects, as the last word of CI. A suite
// that could not run counts as a failure, and so does a skipped test. The exit code is 1 unless something passed and nothing failed.
import { existsSync, readFileSync } from 'node:fs';

const [file = ''] = process.argv.slice(2);
const nothing = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, numRuntimeErrorTestSuites: 1 };
const result = existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : nothing;

const passed = result.numPassedTests;
const failed = result.numFailedTests + result.numPendingTests + result.numTodoTests + result.numRuntimeErrorTestSuites;
console.log(`${passed} passed, ${failed} failed`);
process.exit(passed > 0 && failed === 0 ? 0 : 1);
