// Reads the results that jest wrote with --json, one file a run, and prints "N passed, N failed" over all of them, as the last word of
// CI. A suite that could not run counts as a failure, and so does a run that left no result and a skipped test. The exit code is 1
// unless something passed and nothing failed.
import { existsSync, readFileSync } from 'node:fs';

const nothing = { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0, numRuntimeErrorTestSuites: 1 };
const files = process.argv.slice(2);
const results = files.map((file) => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : nothing));

const failuresOf = (result) =>
  result.numFailedTests + result.numPendingTests + result.numTodoTests + result.numRuntimeErrorTestSuites;
const passed = results.reduce((sum, { numPassedTests }) => sum + numPassedTests, 0);
const failed = results.reduce((sum, result) => sum + failuresOf(result), 0);
console.log(`${passed} passed, ${failed} failed`);
process.exit(passed > 0 && failed === 0 ? 0 : 1);
