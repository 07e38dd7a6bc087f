const { projects } = require('./jest.config.js');

/** Tests in a real browser, kept out of `npm test`, because a machine that has only Node and npm has none. */
const e2e = projects.find(({ displayName }) => displayName === 'e2e');
module.exports = {
  projects: [{ ...e2e, displayName: 'browser', testMatch: ['<rootDir>/test/browser/**/*.browser.ts'] }],
  testTimeout: 60_000,
};
