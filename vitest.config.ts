import { defineConfig } from 'vitest/config'

/** What is about the inside of one store: it runs on that one. */
export const SQLITE_ONLY = ['src/store/sqlite/**/*.test.ts']
export const POSTGRES_ONLY = ['src/store/postgres/**/*.test.ts', 'tests/postgres/**/*.test.ts']
/** What reaches a store in its imports and opens none: it runs once. */
export const ONCE: Readonly<Record<string, string>> = {
  'tests/random/explore.test.ts': 'plays with numbers; what it is about is how failures are made short',
}
/** What talks to a store, whichever it is: it runs on both. A tidy test finds what is missing. */
export const ON_BOTH = [
  'src/app.test.ts',
  'src/auth/{actors,create}.test.ts',
  'src/demo.test.ts',
  'src/engine/{directory,retention,sweep,tasks}.test.ts',
  'src/http/{thumbnail,transfer}.test.ts',
  'src/store/node-cache.test.ts',
  'tests/{cli,concurrent,crash,dingtalk,engine,pds,routes,smh,task,wire,wps}/**/*.test.ts',
  'tests/{backup,bad-url,crossing,fsck,gc}.test.ts',
]

export default defineConfig({
  test: {
    testTimeout: 120_000,
    hookTimeout: 180_000,
    // For two cores: tests wait for disks and for other processes a third of their time.
    maxWorkers: 3,
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
