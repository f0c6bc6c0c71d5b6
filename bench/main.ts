/**
 * `npm run bench [-- --nodes N --rounds N --write]`: what a batch costs in the bare database, in the engine and over HTTP in
 * each dialect, measured in turns in one run and told as ratios. `--write` keeps the result below bench/results.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createServer, type Server } from '../src/app.ts'
import { readConfig } from '../src/config.ts'
import { demoKeyFile } from '../src/demo.ts'
import type { Actor } from '../src/engine/index.ts'
import { type Bare, openBare } from './bare.ts'
import { connect, type DialectCalls, signIn } from './dialects.ts'
import { engineMoves, engineReads, statementCounts } from './engine.ts'
import { type Candidate, type Figure, takeTurns } from './measure.ts'
import { machine, table } from './report.ts'
import { requestRates } from './requests.ts'
import { startEmpty, startOurs } from './servers.ts'
import { CLIENTS, type Playground, plantTree, type Tree } from './tree.ts'

const { values } = parseArgs({
  options: {
    nodes: { type: 'string', default: '200000' },
    rounds: { type: 'string', default: '60' },
    write: { type: 'boolean', default: false },
  },
})
const rounds = Number(values.rounds)
const folder = mkdtempSync(join(tmpdir(), 'batchdrive-bench-'))
const [forEngine, forServer, forBare] = ['engine', 'server', 'bare'].map((name) => join(folder, name)) as [
  string,
  string,
  string,
]

try {
  const tree = await plantTree(forEngine, Number(values.nodes))
  for (const copy of [forServer, forBare]) cpSync(forEngine, copy, { recursive: true })
  const text = await measureAll(tree)
  console.log(text)
  if (values.write) {
    const results = new URL('results/', import.meta.url)
    mkdirSync(results, { recursive: true })
    writeFileSync(new URL(`${new Date().toISOString().slice(0, 10)}.md`, results), text)
  }
} finally {
  rmSync(folder, { recursive: true, force: true })
}

async function measureAll(tree: Tree): Promise<string> {
  const bare = openBare(forBare, tree)
  const local = await createServer(readConfig({ data: forEngine, port: '0', logLevel: 'silent' }, {}))
  const actor = (await local.auth.actor({ tenant: tree.drive.tenant, dialect: 'native', app: '', user: 'admin' }))!
  const [ours, empty] = await Promise.all([startOurs(forServer), startEmpty()])
  const wire = connect(ours.url)
  try {
    const dialects = await signIn(ours.url, tree, local.engine, readFileSync(demoKeyFile(forServer), 'utf8'))
    const reads = await readFigures(tree, { bare, local, actor }, dialects, wire)
    const moves = await moveFigures(tree, { bare, local, actor }, dialects, wire)
    const together = await groupedMoves(tree, ours.url, dialects, bare)
    const rates = await requestRates(ours.url, empty.url, dialects, tree)
    const statements = await statementCounts(local, actor, tree)
    return [
      `# Figures of ${new Date().toISOString().slice(0, 10)}`,
      `\`npm run bench -- --nodes ${tree.nodes} --rounds ${rounds}\`, ${tree.nodes} nodes in one drive. ${machine()}`,
      'Every figure is the mean of runs taken in turns, with all that comes only now and then; compare the ratios, not the times.',
      `## Moves, each batch durable before it is answered\n\n${table(moves, 'bare database, the same number of moves')}`,
      `## Moves, ${CLIENTS} clients at once (they share commits)\n\n${table(together, 'bare database, one after another')}`,
      `## Metadata\n\n${table(reads, 'bare select and JSON.stringify of the same members')}`,
      `## One get, requests per second, 10 connections\n\n${table(rates, 'empty handler of the same framework')}`,
      `## SQL statements of a batch on nodes used before\n\n${statements}`,
    ].join('\n\n')
  } finally {
    wire.close()
    bare.close()
    await Promise.all([ours.stop(), empty.stop(), local.close()])
  }
}

interface Local {
  readonly bare: Bare
  readonly local: Server
  readonly actor: Actor
}

type Wire = ReturnType<typeof connect>

async function moveFigures(tree: Tree, { bare, local, actor }: Local, dialects: readonly DialectCalls[], wire: Wire) {
  const [playground] = tree.playgrounds as [Tree['playgrounds'][number]]
  const groups: Figure[] = []
  for (const items of [100, 30]) {
    const candidates: Candidate[] = [
      { name: `bare database, ${items} a batch`, items, run: () => bare.move(items) },
      { name: `engine, ${items} a batch`, items, run: engineMoves(local, actor, playground, items) },
      ...dialects.flatMap(({ name, items: own, move }) =>
        move && own === items ? [thereAndBack(name, items, sender(wire, move, playground))] : [],
      ),
    ]
    // Every dialect moves the same files there and back, so that each finds them where it expects them.
    groups.push(...(await takeTurns(candidates, rounds)))
  }
  return groups
}

type Sender = (there: boolean) => Promise<unknown>

/** The requests are written beforehand: what a client does to make them is not what is measured. */
function sender(wire: Wire, move: NonNullable<DialectCalls['move']>, playground: Playground): Sender {
  const [there, back] = [move(playground, true), move(playground, false)]
  return (isThere) => wire.send(isThere ? there : back)
}

/** One run of twice the items. */
function thereAndBack(name: string, items: number, send: Sender): Candidate {
  return {
    name,
    items: 2 * items,
    run: async () => {
      await send(true)
      await send(false)
    },
  }
}

async function readFigures(tree: Tree, { bare, local, actor }: Local, dialects: readonly DialectCalls[], wire: Wire) {
  const [playground] = tree.playgrounds as [Tree['playgrounds'][number]]
  const figures: Figure[] = []
  for (const { name, items, read, itemsOf } of dialects) {
    const request = read(playground)
    const like = itemsOf(JSON.parse(await wire.send(request)) as never)
    const candidates: Candidate[] = [
      { name: `bare, ${items} like ${name.split(' ')[0]}`, items, run: () => bare.read(items, like) },
      ...(figures.length === 0
        ? [{ name: 'engine alone, 100', items: 100, run: engineReads(local, actor, playground, 100) }]
        : []),
      { name: name.replace(/ .*/, ' over HTTP'), items, run: () => wire.send(request) },
    ]
    figures.push(...(await takeTurns(candidates, rounds)))
  }
  return figures
}

/** Every client moves its own files; a run is all of them once there and once back. */
async function groupedMoves(tree: Tree, url: string, dialects: readonly DialectCalls[], bare: Bare): Promise<Figure[]> {
  const wires = tree.playgrounds.map(() => connect(url))
  const figures: Figure[] = []
  for (const size of [100, 30]) {
    const movers = dialects.flatMap(({ name, items, move }) => (move && items === size ? [{ name, items, move }] : []))
    const yardstick = bareInTurn(bare, size)
    figures.push(...(await takeTurns([yardstick, ...grouped(tree, wires, movers)], Math.ceil(rounds / 2))))
  }
  for (const wire of wires) wire.close()
  return figures
}

/** As many batches as the clients send together. */
function bareInTurn(bare: Bare, size: number): Candidate {
  const batches = 2 * CLIENTS
  const run = () => {
    for (let batch = 0; batch < batches; batch++) bare.move(size, batch % CLIENTS)
  }
  return { name: `bare database, ${size} a batch`, items: size * batches, run }
}

function grouped(
  tree: Tree,
  wires: readonly Wire[],
  movers: readonly Required<Pick<DialectCalls, 'name' | 'items' | 'move'>>[],
): Candidate[] {
  return movers.map(({ name, items, move }): Candidate => {
    const senders = wires.map((wire, at) => sender(wire, move, tree.playgrounds[at]!))
    const client = async (send: Sender) => {
      await send(true)
      await send(false)
    }
    return { name, items: 2 * items * CLIENTS, run: () => Promise.all(senders.map(client)) }
  })
}
