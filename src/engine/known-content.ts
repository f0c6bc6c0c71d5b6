/** Uploads of bytes that are here already: their sender need not send them, if it may read them where they are. */
import { ACTIONS } from './action.ts'
import type { RunBatch } from './batch.ts'
import { emptyChanges } from './effects.ts'
import type { Engine } from './engine.ts'
import { fail } from './error.ts'
import type { Upload } from './model.ts'
import type { Failed, NodeView, Op, Result } from './op.ts'
import type { Clock, Store, WriteTx } from './port.ts'

export function createKnownContent(store: Store, batch: RunBatch, clock: Clock): Pick<Engine, 'fillUploads'> {
  return {
    async fillUploads(actor, fills) {
      const need = ACTIONS.list | ACTIONS.download
      const ops = fills.map(({ node }): Op => ({ kind: 'get', node, need, trashed: 'no', expect: 'file' }))
      const results = await batch(actor, ops, 'each')
      return store.write((tx) =>
        fill(
          tx,
          fills.map(({ upload }, i) => ({ upload, source: results[i]! })),
          (upload) => upload.tenant === actor.tenant && (actor.admin || upload.creator === actor.self),
          clock(),
        ),
      )
    },
  }
}

/** Fills open uploads with the content of files; what became of each, in order. */
async function fill(
  tx: WriteTx,
  fills: readonly { upload: Upload['id']; source: Result }[],
  isOwn: (upload: Upload) => boolean,
  at: number,
): Promise<(Upload | Failed)[]> {
  const views = fills.flatMap(({ source }) => (source.status === 'done' && source.view ? [source.view.node] : []))
  const uploads = new Map((await tx.uploads(fills.map(({ upload }) => upload))).map((row) => [row.id, row]))
  // Read again: what was looked at outside of this transaction may be gone, and its bytes with it.
  const stored = new Set((await tx.versions(views)).map(({ node, content }) => `${node} ${content.digest}`))
  const outcomes = fills.map(({ upload: id, source }): Upload | Failed => {
    if (source.status === 'failed') return source
    const upload = uploads.get(id)
    const { id: node, content } = (source.view as NodeView).node
    if (!upload || !isOwn(upload)) return fail('upload_not_found')
    if (upload.state !== 'open') return fail('upload_used', { node: upload.node })
    if (!content || !stored.has(`${node} ${content.digest}`)) return fail('node_not_found')
    const filled: Upload = { ...upload, state: 'filled', content }
    uploads.set(id, filled)
    return filled
  })
  const filled = outcomes.filter((outcome): outcome is Upload => 'content' in outcome)
  const blobRefs = filled.map(({ drive, content }) => ({ drive, content: content!, delta: 1, at }))
  if (filled.length > 0) await tx.apply({ ...emptyChanges(), blobRefs, putUploads: filled })
  return outcomes
}
