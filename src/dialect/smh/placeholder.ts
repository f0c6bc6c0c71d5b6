/** Putting entries into the tree whose bytes no client sends: symbolic links, virtual files, documents from templates. */
import type { Attributes, NodeView } from '../../engine/index.ts'
import type { Visit } from './auth.ts'
import type { Call } from './call.ts'
import { faultOf, Refusal } from './error.ts'
import { perform } from './perform.ts'
import { demandPlace, namingIn } from './rules.ts'
import { conflictOf, placeOf, REPLACE, type Strategy } from './terms.ts'

/** How long the upload behind an entry may take, ms. */
const LIFE_MS = 60_000

/** Puts a file with these attributes at a path whose directory exists; an empty one unless bytes are given. */
export async function putPlaceholder(
  call: Call,
  here: Visit,
  path: readonly string[],
  strategy: Strategy,
  attributes: Attributes,
  bytes: Uint8Array = new Uint8Array(),
): Promise<NodeView> {
  const { engine } = call.context
  const { actor, drive } = here
  demandPlace(here, path, 'file')
  const { parent, name } = placeOf(drive.id, path)
  const terms = { parent, name, conflict: conflictOf(strategy, REPLACE.upload), naming: namingIn(here) }
  const about = { kind: 'file', source: false } as const
  const opened = await perform(
    call,
    actor,
    { kind: 'upload', drive: drive.id, ...terms, size: bytes.length, ttlMs: LIFE_MS },
    about,
  )
  const { upload } = opened as { upload: { id: Parameters<typeof engine.writePart>[0] } }
  const stored = await engine.writePart(upload.id, 1, only(bytes))
  if ('status' in stored) throw new Refusal(faultOf(stored.error, about))
  const done = await perform(call, actor, { kind: 'commit', upload: upload.id, ...terms, attributes }, about)
  return done.view!
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes
}
