/** Upload ids: each begins with the number of its upload’s drive, so that an id alone says where the rows are. */
import type { DriveId, UploadId } from './model.ts'

/** As many as the largest number of a drive has; with zeros before it, so that ids are in the order of drives. */
const DRIVE_DIGITS = 16
/** Bytes of an id that nobody can guess. */
export const UPLOAD_SECRET_BYTES = 8

const FORM = /^[0-9]{16}[0-9a-f]{16}$/

/** @param secret UPLOAD_SECRET_BYTES random bytes in lower-case hex */
export function uploadIdIn(drive: DriveId, secret: string): UploadId {
  return (String(drive).padStart(DRIVE_DIGITS, '0') + secret) as UploadId
}

/** The drive of an upload, whether there is such an upload or not; 0, which no drive is, for any other text. */
export function driveOfUpload(id: UploadId | ''): DriveId {
  return (FORM.test(id) ? Number(id.slice(0, DRIVE_DIGITS)) : 0) as DriveId
}
