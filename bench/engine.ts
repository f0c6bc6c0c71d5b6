/** The engine in this process: the same batches without HTTP, and how many SQL statements they cost. */
import type { Server } from '../src/app.ts'
import { ACTIONS, type Actor, type Op, onConflict } from '../src/engine/index.ts'
import type { Playground, Tree } from './tree.ts'

const naming = { pattern: 'spaced', charactersMax: 255, forbidden: null, trim: false } as const
/** The large batch of the statement counts. */
const MANY = 1_000

function moveOps({ files, left, right }: Playground, count: number, there: boolean): Op[] {
  const { drive, id } = there ? right : left
  const to = { drive, id }
  return files.slice(0, count).map(
    ({ id: node }): Op => ({
      kind: 'move',
      node: { drive, id: node },
      to,
      conflict: onConflict('rename'),
      naming,
      keepGrants: false,
      taskIfChildren: true,
    }),
  )
}

function getOps({ files }: Playground, count: number): Op[] {
  return files.slice(0, count).map(
    ({ drive, id }): Op => ({
      kind: 'get',
      node: { born: drive, id },
      need: ACTIONS.list,
      trashed: 'no',
    }),
  )
}

/** Moves files to and fro, one batch a run. */
export function engineMoves({ engine }: Server, actor: Actor, playground: Playground, count: number) {
  let there = false
  return () => {
    there = !there
    return engine.batch(actor, moveOps(playground, count, there))
  }
}

/** Reads files, one batch a run. */
export function engineReads({ engine }: Server, actor: Actor, playground: Playground, count: number) {
  const ops = getOps(playground, count)
  return () => engine.batch(actor, ops)
}

/** A table of the statements that batches of 10 and of 1,000 cost, on nodes that were used before. */
export async function statementCounts({ engine, store }: Server, actor: Actor, tree: Tree): Promise<string> {
  const [first] = tree.playgrounds as [Playground]
  const files = tree.playgrounds.flatMap((playground) => playground.files)
  // As many files as there are, and as often as it takes: a batch may name a node more than once.
  const many = { ...first, files: Array.from({ length: MANY }, (_, i) => files[i % files.length]!) }
  const cost = async (ops: Op[]) => {
    const before = store.statements()
    const results = await engine.batch(actor, ops)
    const failed = results.find(({ status }) => status === 'failed')
    if (failed) throw new Error(`a batch of the bench failed: ${JSON.stringify(failed)}`)
    return store.statements() - before
  }
  const moveCost = async (count: number) => {
    // To and fro, so that every one is remembered, and really moves.
    await cost(moveOps(many, MANY, true))
    await cost(moveOps(many, MANY, false))
    return cost(moveOps(many, count, true))
  }
  const rows = [
    ['move', await moveCost(10), await moveCost(MANY)],
    ['get', await cost(getOps(many, 10)), await cost(getOps(many, MANY))],
  ]
  const lines = rows.map((row) => `| ${row.join(' | ')} |`)
  return ['| op | 10 in a batch | 1,000 in a batch |', '|---|---:|---:|', ...lines].join('\n')
}
