const { projects } = require('./jest.config.js');

/** Tests in a real browser, kept out of `npm test`, because a machine that has only Node and npm has none. */
const unit = projects.find(({ displayName }) => displayName === 'unit');
// Pictures are taken when they are asked for.
const without = process.env.REHOME_TEST_SCREENSHOTS ? [] : ['/screenshots\\.browser\\.ts$'];

module.exports = {
  projects: [
    { ...unit, displayName: 'browser', testMatch: ['<rootDir>/test/browser/**/*.browser.ts'], testPathIgnorePatterns: without },
  ],
  // A browser waits for its service and the service for its browser, so two at a time take little more than one.
  maxWorkers: 2,
  testTimeout: 60_000,
};
