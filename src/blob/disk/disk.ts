/** The calls by which a blob folder is changed. Everything durable goes through them, so a test can count, refuse or forget it. */
import { copyFile, type FileHandle, link, mkdir, open, rename, rm, unlink, utimes } from 'node:fs/promises'

export type OpenFile = Pick<FileHandle, 'read' | 'write' | 'sync' | 'close'>

/** As the functions of the same names in `node:fs/promises`. */
export interface Disk {
  copyFile(from: string, to: string): Promise<void>
  link(from: string, to: string): Promise<void>
  mkdir(path: string, options: { recursive: true }): Promise<string | undefined>
  /** `wx`: a fresh file, to write. `r`: a file to read, or a file or a folder to sync. */
  open(path: string, flags: 'wx' | 'r'): Promise<OpenFile>
  rename(from: string, to: string): Promise<void>
  rm(path: string, options: { recursive?: boolean; force: true }): Promise<void>
  unlink(path: string): Promise<void>
  utimes(path: string, accessed: number, modified: number): Promise<void>
}

export const DISK: Disk = { copyFile, link, mkdir, open, rename, rm, unlink, utimes }
