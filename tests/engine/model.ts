/**
 * A naive drive, written from the contract and from nothing of the engine: every op works on a copy of everything, looks
 * at whatever it likes, and is kept when it succeeded. It says which codes are true of a failed op, and what becomes of one
 * that succeeds.
 */
import type { Actor, Mode, Op } from '../../src/engine/index.ts'
import { CONTENT_OPS } from './model-content.ts'
import { PLACE_OPS } from './model-place.ts'
import { READ_OPS } from './model-read.ts'
import { copyState, type ModelState } from './model-state.ts'
import { TRASH_OPS } from './model-trash.ts'
import { VERSION_OPS } from './model-version.ts'
import { type Handlers, type ModelResult, Work, Wrong } from './model-work.ts'

const HANDLERS: Handlers = { ...READ_OPS, ...PLACE_OPS, ...CONTENT_OPS, ...TRASH_OPS, ...VERSION_OPS }

export class Model {
  state: ModelState

  constructor(state: ModelState) {
    this.state = state
  }

  batch(actor: Actor, ops: readonly Op[], mode: Mode, now: number): ModelResult[] {
    const before = this.state
    let failed = false
    const results = ops.map((op): ModelResult => {
      if (failed && mode === 'chain') return { status: 'failed', codes: ['chain_broken'] }
      const result = this.attempt(actor, op, now)
      failed ||= result.status === 'failed'
      return result
    })
    if (mode !== 'all' || !failed) return results
    this.state = before
    return results.map((result) =>
      result.status === 'failed' ? result : { status: 'failed', codes: ['batch_refused'] },
    )
  }

  private attempt(actor: Actor, op: Op, now: number): ModelResult {
    const copy = copyState(this.state)
    copy.ops++
    try {
      const handle = HANDLERS[op.kind] as (work: Work, op: Op) => ModelResult
      const result = handle(new Work(copy, actor, now), op)
      this.state = copy
      return result
    } catch (thrown) {
      if (!(thrown instanceof Wrong)) throw thrown
      return { status: 'failed', codes: thrown.codes }
    }
  }
}
