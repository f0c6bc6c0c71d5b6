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

/** Whether the library may have more than its one space `-`. */
export function isMultiSpace(library: App): boolean {
  return library.extra['smh.multiSpace'] === true
}

export function createSpaceIndex(engine: Engine): SpaceIndex {
  // A space keeps its word for life, so what is remembered can only become unreachable, never wrong.
  const ids = new Map<string, DriveId>()
  const key = (library: App, word: string) => `${library.id}/${word}`

  async function all(library: App): Promise<Drive[]> {
    const actor = libraryActor(library)
    const found: Drive[] = []
    let after: DriveId | 0 | null = 0
    while (after !== null) {
      const page: { items: Drive[]; next: DriveId | null } = await engine.listDrives(actor, {
        owners: null,
        after,
        limit: PAGE,
      })
      found.push(...page.items)
      after = page.next
    }
    return found
  }

  function remember(library: App, drives: readonly Drive[]) {
    if (ids.size > REMEMBERED_MAX) ids.clear()
    for (const drive of drives) {
      if (drive.app === library.id && drive.scene === SCENE && drive.sceneId !== '') {
        ids.set(key(library, drive.sceneId), drive.id)
      }
    }
  }

  /** The one space of a single-tenant library comes into being when it is first spoken of. */
  async function single(library: App): Promise<DriveId> {
    const known = ids.get(key(library, SINGLE))
    if (known !== undefined) return known
    const spec = {
      name: library.name,
      owner: `app:${library.id}` as const,
      app: library.id,
      scene: SCENE,
      sceneId: SINGLE,
    }
    const [drive] = await engine.createDrives(libraryActor(library), [spec])
    remember(library, [drive!])
    return drive!.id
  }

  async function identify(library: App, words: readonly string[]): Promise<(DriveId | undefined)[]> {
    if (!isMultiSpace(library)) {
      const id = words.includes(SINGLE) ? await single(library) : undefined
      return words.map((word) => (word === SINGLE ? id : undefined))
    }
    const known = (word: string) => parseDecimalId<DriveId>(word) ?? ids.get(key(library, word))
    if (words.some((word) => isCustomSpaceId(word) && known(word) === undefined)) remember(library, await all(library))
    return words.map(known)
  }

  return {
    all,
    async find(library, words) {
      const found = await identify(library, words)
      const asked = found.filter((id) => id !== undefined)
      const drives = asked.length > 0 ? await engine.drives(libraryActor(library), asked) : []
      const byId = new Map(drives.flatMap((drive) => (drive ? [[drive.id, drive]] : [])))
      return found.map((id) => (id === undefined ? null : (byId.get(id) ?? null)))
    },
  }
}

/** A word a client may choose for a space. Digits alone are what the server hands out. */
export function isCustomSpaceId(word: string): boolean {
  return /^[a-z0-9]([a-z0-9-]{0,30}[a-z0-9])$/.test(word) && !/^[0-9]+$/.test(word)
}
