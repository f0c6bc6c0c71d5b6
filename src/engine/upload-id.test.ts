import { expect, it } from 'vitest'
import type { DriveId, UploadId } from './model.ts'
import { driveOfUpload, uploadIdIn } from './upload-id.ts'

const SECRET = '00ff00ff00ff00ff'
const idIn = (drive: number) => uploadIdIn(drive as DriveId, SECRET)

it('An upload id says its drive, however large its number', () => {
  for (const drive of [1, 1001, Number.MAX_SAFE_INTEGER]) {
    expect(idIn(drive)).toMatch(/^[0-9a-f]{32}$/)
    expect(driveOfUpload(idIn(drive))).toBe(drive)
  }
})

it('Ids are in the order of their drives', () => {
  const drives = [2, 9, 10, 1001, Number.MAX_SAFE_INTEGER]
  expect(drives.map(idIn).sort()).toEqual(drives.map(idIn))
})

it.each(['', 'pending 1', idIn(7).slice(1), `${idIn(7)}0`, `x${idIn(7).slice(1)}`, 'f'.repeat(32)])(
  'No drive is read out of %j',
  (text) => {
    expect(driveOfUpload(text as UploadId)).toBe(0)
  },
)
