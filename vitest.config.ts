import { defineConfig } from 'vitest/config'
import { BaseSequencer, type TestSpecification } from 'vitest/node'

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

/** What puts modules of its own in place of others: it needs a process that has loaded none yet. */
const ALONE = ['src/blob/disk/create.test.ts']

/** What takes longest: begun first, so that nothing long is left when the other workers are done. */
const LONG = ['tests/engine/model.', 'tests/crash/', 'tests/task/large-', 'tests/routes/', 'tests/cli/serve.']

/** One store after the other: a worker keeps its modules from file to file, but only within a project. */
class ByStore extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ project, moduleId }: TestSpecification) =>
      (project.name === 'postgres' ? 0 : 2) + (LONG.some((part) => moduleId.includes(part)) ? 0 : 1)
    return (await super.sort(files)).sort((one, other) => rank(one) - rank(other))
  }
}

export default defineConfig({
  test: {
    testTimeout: 120_000,
    hookTimeout: 180_000,
    // For two cores: tests wait for disks and for other processes a third of their time.
    maxWorkers: 3,
    // Loading the server's modules anew for each file took half of the time of most.
    isolate: false,
    sequence: { sequencer: ByStore },
    projects: [
      {
        extends: true,
        test: {
          name: 'sqlite',
          include: ['src/**/*.test.ts', 'tests/**/*.test.ts'],
          exclude: [...POSTGRES_ONLY, ...ALONE],
        },
      },
      { extends: true, test: { name: 'alone', include: ALONE, isolate: true } },
      {
        extends: true,
        test: {
          name: 'postgres',
          include: [...POSTGRES_ONLY, ...ON_BOTH],
          exclude: SQLITE_ONLY,
          globalSetup: ['tests/postgres/setup.ts'],
          setupFiles: ['tests/postgres/each-file.ts'],
        },
      },
    ],
  },
})
