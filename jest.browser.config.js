const { projects, testTimeout } = require('./jest.config.js');

/** Needs a Chromium, so it is no part of `npm test`, which asks for Node alone. */
const unit = projects.find(({ displayName }) => displayName === 'unit');

module.exports = {
  ...unit,
  displayName: 'browser',
  testMatch: ['<rootDir>/test/browser/**/*.browser.ts'],
  testTimeout,
};
