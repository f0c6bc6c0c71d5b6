/** From the word a client uses for a space to the drive it means. */
import {
  type Actor,
  ALL_ACTIONS,
  type App,
  type Drive,
  type DriveId,
  type Engine,
  parseDecimalId,
} from '../../engine/index.ts'
import { isMultiSpace, spaceDefaults } from './library.ts'
import { SCENE, SINGLE } from './terms.ts'

/** Drives looked through per step when a word is not known yet. */
const PAGE = 1000
const REMEMBERED_MAX = 50_000

export interface SpaceIndex {
  /** The active drives that words mean in a library, in the order asked; null for words that mean none. */
  find(library: App, words: readonly string[]): Promise<(Drive | null)[]>
  /** All drives of the library's tenant, in id order. */
  all(library: App): Promise<Drive[]>
}

/** The library itself as an actor, for finding and keeping spaces; what a caller may do is judged before. */
export function libraryActor(library: App): Actor {
  return {
    tenant: library.tenant,
    self: `app:${library.id}`,
    subjects: [`app:${library.id}`, 'everyone'],
    admin: true,
    app: library.id,
    drives: null,
    allow: { file: ALL_ACTIONS, folder: ALL_ACTIONS },
    dialect: 'smh',
  }
}

export function createSpaceIndex(engine: Engine): SpaceIndex {
  const memory: Memory = new Map()
  return {
    all: (library) => allDrives(engine, library),
    async find(library, words) {
      const found = await identify(engine, memory, library, words)
      const asked = found.filter((id) => id !== undefined)
      const drives = asked.length > 0 ? await engine.drives(libraryActor(library), asked) : []
      const byId = new Map(drives.flatMap((drive) => (drive ? [[drive.id, drive]] : [])))
      return found.map((id) => (id === undefined ? null : (byId.get(id) ?? null)))
    },
  }
}

/** By library and word. A space keeps its word for life, so what is remembered can only become unreachable, never wrong. */
type Memory = Map<string, DriveId>

const memoryKey = (library: App, word: string) => `${library.id}/${word}`

function remember(memory: Memory, library: App, drives: readonly Drive[]): void {
  if (memory.size > REMEMBERED_MAX) memory.clear()
  for (const { app, scene, sceneId, id } of drives) {
    if (app === library.id && scene === SCENE && sceneId !== '') memory.set(memoryKey(library, sceneId), id)
  }
}

async function allDrives(engine: Engine, library: App): Promise<Drive[]> {
  const actor = libraryActor(library)
  const found: Drive[] = []
  let after: DriveId | 0 | null = 0
  while (after !== null) {
    const query = { owners: null, after, limit: PAGE }
    const page: { items: Drive[]; next: DriveId | null } = await engine.listDrives(actor, query)
    found.push(...page.items)
    after = page.next
  }
  return found
}

async function identify(engine: Engine, memory: Memory, library: App, words: readonly string[]) {
  if (!isMultiSpace(library)) {
    const id = words.includes(SINGLE) ? await singleSpace(engine, memory, library) : undefined
    return words.map((word) => (word === SINGLE ? id : undefined))
  }
  const known = (word: string) => parseDecimalId<DriveId>(word) ?? memory.get(memoryKey(library, word))
  if (words.some((word) => isCustomSpaceId(word) && known(word) === undefined)) {
    remember(memory, library, await allDrives(engine, library))
  }
  return words.map(known)
}

/** The one space of a single-tenant library comes into being when it is first spoken of. */
async function singleSpace(engine: Engine, memory: Memory, library: App): Promise<DriveId> {
  const known = memory.get(memoryKey(library, SINGLE))
  if (known !== undefined) return known
  const owner = `app:${library.id}` as const
  const spec = {
    name: library.name,
    owner,
    app: library.id,
    scene: SCENE,
    sceneId: SINGLE,
    settings: spaceDefaults(library),
  }
  const [drive] = await engine.createDrives(libraryActor(library), [spec])
  remember(memory, library, [drive!])
  return drive!.id
}

/** A word a client may choose for a space. Digits alone are what the server hands out. */
export function isCustomSpaceId(word: string): boolean {
  return /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])$/.test(word) && !/^[0-9]+$/.test(word)
}
