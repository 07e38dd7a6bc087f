const { projects } = require('./jest.config.js');

/** Tests in a real browser, kept out of `npm test`, because a machine that has only Node and npm has none. */
const unit = projects.find(({ displayName }) => displayName === 'unit');
module.exports = {
  projects: [{ ...unit, displayName: 'browser', testMatch: ['<rootDir>/test/browser/**/*.browser.ts'] }],
  testTimeout: 60_000,
};
