/** The naive drives as they are when a contest begins: read from the store, since how they came to be so is not the point. */
import { createHash } from 'node:crypto'
import type { Drive } from '../../src/engine/index.ts'
import { type DumpNode, dump } from '../engine/dump.ts'
import { modelDrives } from '../engine/model-start.ts'
import type { ModelNode, ModelState } from '../engine/model-state.ts'
import type { World } from '../engine/world.ts'
import type { Field } from './contest.ts'

/** @param drives as they are now */
export async function startState(
  world: Pick<World, 'store'>,
  drives: readonly Drive[],
  field: Field,
): Promise<ModelState> {
  const { byId } = await dump(
    world.store,
    drives.map(({ id }) => id),
  )
  const texts = new Map(field.texts.map((text) => [createHash('sha256').update(text).digest('hex'), text]))
  const models = modelDrives(drives)
  for (const [index, { root }] of models.entries()) fill(root, byId.get(drives[index]!.root)!, texts)
  const uploads = field.uploads.map(({ drive, id, text }) => ({
    ...{
      id,
      drive,
      text,
      serial: 0,
      reserved: 0 as const,
      parent: null,
      name: '',
      target: null,
      size: null,
      used: false,
    },
    expiresAt: Number.POSITIVE_INFINITY,
  }))
  return { drives: models, uploads, log: [], ops: 0, serials: 0 }
}

function fill(folder: ModelNode, { children }: DumpNode, texts: ReadonlyMap<string, string>): void {
  folder.children = children.map((found) => {
    const { id, born, drive, kind, name, twin, rev, createdAt, updatedAt, creator, modifier, attributes } = found.node
    const node: ModelNode = {
      ...{ id, born, drive, kind, name, rev, createdAt, updatedAt, creator, modifier, attributes },
      serial: 0,
      twin: twin !== 0,
      parent: folder,
      children: [],
      versions: found.versions.map(({ version: number, content, createdAt: at, creator: by, keep, description }) => ({
        ...{ number, text: texts.get(content.digest)!, at, by, keep, description },
      })),
      grants: [],
      trash: null,
      gone: false,
    }
    fill(node, found, texts)
    return node
  })
}
