import { defineConfig } from 'vitest/config'

/** What is about one store only, or about none: it runs once. */
const SQLITE_ONLY = ['src/store/sqlite/**/*.test.ts']
const POSTGRES_ONLY = ['src/store/postgres/**/*.test.ts', 'tests/postgres/**/*.test.ts']
/** What talks to a store, whichever it is: it runs on both. */
const ON_BOTH = [
  'src/app.test.ts',
  'src/auth/create.test.ts',
  'src/demo.test.ts',
  'src/engine/{directory,retention,sweep,tasks}.test.ts',
  'src/http/transfer.test.ts',
  'tests/{concurrent,dingtalk,engine,pds,smh,wire,wps}/**/*.test.ts',
  'tests/crossing.test.ts',
]

export default defineConfig({
  test: {
    testTimeout: 120_000,
    hookTimeout: 180_000,
    // Two cores: more workers than that only slow each other down.
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: { name: 'sqlite', include: ['src/**/*.test.ts', 'tests/**/*.test.ts'], exclude: POSTGRES_ONLY },
      },
      {
        extends: true,
        test: {
          name: 'postgres',
          include: [...POSTGRES_ONLY, ...ON_BOTH],
          exclude: SQLITE_ONLY,
          globalSetup: ['tests/postgres/setup.ts'],
        },
      },
    ],
  },
})
