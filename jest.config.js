/** How SWC reads the sources: as `tsconfig.json` says. */
export const swcOptions = {
  jsc: {
    parser: { syntax: 'typescript', decorators: true },
    transform: { legacyDecorator: true, decoratorMetadata: true, useDefineForClassFields: true },
    target: 'es2024',
    keepClassNames: true,
  },
  module: { type: 'es6' },
};

/** @type {import('jest').Config} */
export default {
  roots: [
    '<rootDir>/src',
    '<rootDir>/test',
    '<rootDir>/migrations',
    '<rootDir>/demo',
    '<rootDir>/verify',
    '<rootDir>/scripts',
  ],
  testEnvironment: 'node',
  testMatch: ['<rootDir>/test/{unit,contract,integration,e2e,fault}/**/*.test.ts'],
  extensionsToTreatAsEsm: ['.ts'],
  resolver: '<rootDir>/test/support/resolver.mjs',
  transform: { '^.+\\.ts$': ['@swc/jest', swcOptions] },
  setupFiles: ['<rootDir>/test/support/setup.ts'],
  globalSetup: '<rootDir>/test/support/global-setup.mjs',
  globalTeardown: '<rootDir>/test/support/global-teardown.mjs',
  maxWorkers: 2,
  testSequencer: '<rootDir>/test/support/longest-first.mjs',
  // Node keeps the modules of a test file that has ended, and each file's coverage is counted over all that are kept: the last
  // of 160 files took 15 s, most of it for those before it.
  workerIdleMemoryLimit: '300MB',
  testTimeout: 30_000,
  coverageProvider: 'v8',
  collectCoverageFrom: ['src/**/*.ts'],
  coverageReporters: ['text-summary', 'lcov'],
  coverageThreshold: { global: { lines: 90, branches: 90 } },
};
