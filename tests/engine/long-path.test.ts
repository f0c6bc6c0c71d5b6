import { beforeEach, expect, test } from 'vitest'
import { DEPTH_MAX, type DriveId } from '../../src/engine/index.ts'
import { copy, createFolder, get, move } from './ops.ts'
import { useWorld } from './use-world.ts'
import { alice, codes, createDrive } from './world.ts'

const use = useWorld()
let drive: DriveId
beforeEach(async () => {
  drive = (await createDrive(use.world)).id
})

/** Longer than any path can be. */
const endless = Array<string>(20_000).fill('x')

test('a path of more names than there are levels leads nowhere', async () => {
  const node = { drive, path: endless }
  const root = { drive, path: [] }
  const ops = [get(node), move(node, root), copy(node, root), createFolder(node, 'a')]
  expect(codes(await use.world.engine.batch(alice, ops))).toEqual(Array(4).fill('node_not_found'))
})

test('folders are made on the way as deep as they may lie, or not at all', async () => {
  const { engine } = use.world
  const make = (levels: number) => createFolder({ drive, path: endless.slice(0, levels) }, 'a', { makeParents: true })
  expect(codes(await engine.batch(alice, [make(endless.length), make(DEPTH_MAX)]))).toEqual(['too_deep', 'too_deep'])
  expect(codes(await engine.batch(alice, [get({ drive, path: ['x'] })]))).toEqual(['node_not_found'])
  expect(codes(await engine.batch(alice, [make(DEPTH_MAX - 1)]))).toEqual(['done'])
})
